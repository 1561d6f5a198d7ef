// Perturbations from releases, folders and single files.
import { hash } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { dirname, extname, join } from 'node:path';
import { z } from 'zod';
import { LATEST_KEY, latest, releasePrefix } from '#shared/release';
import { perturbationFiles, readPerturbation } from '../arrays/index.ts';
import { UsageError } from '../errors/index.ts';
import { readJson, readJsonValue } from '../files/index.ts';
import { codecs } from '../photos/index.ts';

/** A perturbation from a file. */
export interface GivenPerturbation {
  file: string;
  /** float32 [3,size,size], units of 0..255. */
  v: Float32Array;
  size: number;
  /** Of the file's name and the numbers in it. */
  sha256: string;
  /** As the record beside it says; null where there is none. */
  attack: string | null;
  surrogates: string[];
}

/** Of a craft.json, or of a release's record.json. */
const record = z.object({
  attack: z.string(),
  surrogates: z.array(z.union([z.string(), z.object({ id: z.string() })])).default([]),
});

/** Folders inside of folders, and files in all. */
const deepest = 5;
const mostFiles = 2000;
/** Pictures of a folder may be anything; one that is named by itself is taken. */
const inFolders = perturbationFiles.filter((extension) => extension !== '.png');

/**
 * Perturbations of files, folders (and the folders in them) and releases. A folder with a perturbation.npy is one
 * perturbation in several forms, as `atlas craft` and releases write it; the same numbers twice count once.
 *
 * @returns those that were made to fool, and how many were not: noise of the same bound, as studies put beside them
 * @throws UsageError where there is none, or one cannot be read, or they differ in size
 */
export async function givenPerturbations(
  sources: readonly string[],
): Promise<{ perturbations: GivenPerturbation[]; noise: number }> {
  const files: string[] = [];
  for (const source of sources) files.push(...(await filesOf(source)));
  const found = new Map<string, GivenPerturbation>();
  let noise = 0;
  for (const file of files) {
    const one = await perturbationOf(file);
    if (one.attack === 'noise') noise++;
    else if (!found.has(one.sha256)) found.set(one.sha256, one);
  }
  const perturbations = [...found.values()];
  if (perturbations.length === 0)
    throw new UsageError(
      `There is no perturbation in ${sources.join(', ')}${noise > 0 ? ' but noise' : ''}. Give a release, a folder, or files: ${perturbationFiles.join(', ')}.`,
    );
  const other = perturbations.find(({ size }) => size !== perturbations[0].size);
  if (other)
    throw new UsageError(
      `The perturbation ${perturbations[0].file} is of ${perturbations[0].size} pixels a side and ${other.file} of ${other.size}. Give perturbations of one size: canvases have that size.`,
    );
  return { perturbations, noise };
}

async function filesOf(source: string): Promise<string[]> {
  if (!existsSync(source))
    throw new UsageError(`There is no ${source}. Give a release, a folder, or files of perturbations.`);
  if (!statSync(source).isDirectory()) return [source];
  const files: string[] = [];
  await walk(await withoutOlder(source), 0, files);
  return files;
}

/** Of the root of a bucket, the release that latest.json names. */
async function withoutOlder(folder: string): Promise<string> {
  if (!existsSync(join(folder, LATEST_KEY))) return folder;
  const { version } = await readJson(join(folder, LATEST_KEY), latest, 'latest.json');
  return join(folder, releasePrefix(version));
}

async function walk(folder: string, depth: number, files: string[]): Promise<void> {
  const entries = (await readdir(folder, { withFileTypes: true })).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const names = entries.filter((entry) => entry.isFile()).map(({ name }) => name);
  const single = names.find((name) => name === 'perturbation.npy');
  const taken = single ? [single] : names.filter((name) => inFolders.includes(extname(name).toLowerCase()));
  files.push(...taken.map((name) => join(folder, name)));
  if (files.length > mostFiles)
    throw new UsageError(`${folder} and what lies around it holds more than ${mostFiles} files of arrays. Name fewer.`);
  if (depth === deepest) return;
  for (const entry of entries) {
    if (entry.isDirectory() && !entry.name.startsWith('.')) await walk(join(folder, entry.name), depth + 1, files);
  }
}

async function perturbationOf(file: string): Promise<GivenPerturbation> {
  const { v, size } = await readPerturbation(file, {}, async (bytes) => (await codecs()).decode(bytes));
  const sha256 = hash('sha256', v);
  const beside = ['craft.json', 'record.json'].map((name) => join(dirname(file), name)).find(existsSync);
  const { data } = record.safeParse(beside ? await readJsonValue(beside, 'record').catch(() => null) : null);
  return {
    ...{ file, v, size, sha256, attack: data?.attack ?? null },
    surrogates: data?.surrogates.map((one) => (typeof one === 'string' ? one : one.id)) ?? [],
  };
}
