import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { type Provider, provider } from '#shared/release';
import { writeAtomic } from '../files/index.ts';

/**
 * What `auto` chose when a study was first run. It stays chosen: results depend on the provider, and looking for a GPU
 * takes seconds that a run with nothing to do should not take.
 */
const choice = z.object({ auto: provider });
const fileIn = (out: string) => join(out, 'provider.json');

/** @param out Folder of the study's jobs. */
async function rememberedProvider(out: string): Promise<Provider | null> {
  try {
    return choice.parse(JSON.parse(await readFile(fileIn(out), 'utf8'))).auto;
  } catch {
    return null;
  }
}

/** The provider that is asked for, or that `auto` chose before; null where it is to be found out. */
export async function settledProvider(
  { provider = 'auto', fresh }: { provider?: Provider | 'auto'; fresh?: boolean },
  out: string,
): Promise<Provider | null> {
  if (provider !== 'auto') return provider;
  return fresh ? null : rememberedProvider(out);
}

export const rememberProvider = (provider: Provider, out: string) =>
  writeAtomic(fileIn(out), JSON.stringify({ auto: provider }));

/** What the speed of every job depends on. */
export const setupOf = (provider: Provider, workers: number | undefined) =>
  `${provider}x${workers ?? (provider === 'cpu' ? availableParallelism() : 1)}`;
