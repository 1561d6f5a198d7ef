/** What a run has done so far, as files: a run that was stopped goes on where it was. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readNpy, writeNpy } from '#shared/formats';
import { canonicalJson } from '#shared/release';
import { writeAtomic } from '../../batch/files/index.ts';

export interface Kept {
  /** A folder; everything in it is made anew where it is deleted, as it should be when the code has changed. */
  folder: string;
  /** No new part is begun once it is aborted. */
  stop?: AbortSignal;
}

/** Of all that something depends on. */
export const keyOf = (inputs: unknown): string =>
  createHash('sha256').update(canonicalJson(inputs)).digest('hex').slice(0, 24);

/** Arrays of equally many rows each, by name. */
export async function keptArrays(
  { folder, stop }: Kept,
  key: string,
  rows: number,
  make: () => Promise<Record<string, Float32Array>>,
): Promise<Record<string, Float32Array>> {
  const at = join(folder, key);
  const index = `${at}.json`;
  const file = (name: string) => `${at}.${name}.npy`;
  if (existsSync(index)) {
    const names = JSON.parse(await readFile(index, 'utf8')) as string[];
    const read = async (name: string) => [name, readNpy(await readFile(file(name))).data as Float32Array] as const;
    return Object.fromEntries(await Promise.all(names.map(read)));
  }
  stop?.throwIfAborted();
  const made = await make();
  await mkdir(folder, { recursive: true });
  for (const [name, data] of Object.entries(made))
    await writeAtomic(file(name), writeNpy(data as Float32Array<ArrayBuffer>, [rows, data.length / rows]));
  await writeAtomic(index, JSON.stringify(Object.keys(made)));
  return made;
}

/** A value that JSON holds. */
export async function keptValue<Value>(
  { folder, stop }: Kept,
  key: string,
  make: () => Promise<Value>,
): Promise<Value> {
  const path = join(folder, `${key}.json`);
  if (existsSync(path)) return JSON.parse(await readFile(path, 'utf8')) as Value;
  stop?.throwIfAborted();
  const made = await make();
  await mkdir(folder, { recursive: true });
  await writeAtomic(path, JSON.stringify(made));
  return made;
}
