/** What the record beside a perturbation's file says of it: a `craft.json`, or a release's `record.json`. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { checkJson } from '#shared/formats';
import { readBytes } from '../files/index.ts';

/** A record comes with its perturbation, from anywhere: one of a hundred thousand photos takes as much. */
const LARGEST = 16e6;

/** The record as it is; null where there is none that can be read. */
export async function recordBeside(file: string): Promise<unknown> {
  const path = ['craft.json', 'record.json'].map((name) => join(dirname(file), name)).find(existsSync);
  if (!path) return null;
  const bytes = await readBytes(path, { most: LARGEST }).catch(() => new Uint8Array(0));
  try {
    checkJson(bytes);
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return null;
  }
}

/** The largest value in units of 0..255; undefined where no record tells. */
export async function recordedSize(file: string): Promise<number | undefined> {
  return z.object({ linf: z.number().positive() }).safeParse(await recordBeside(file)).data?.linf;
}
