// Files of perturbations: of a release, of folders, or named by themselves.
import { existsSync, statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { z } from 'zod';
import { AtlasError, UsageError } from '#shared/errors';
import { perturbationFiles } from '../arrays/index.ts';
import { readJsonValue } from '../files/index.ts';
import { folderSource, readManifest } from '../publish/index.ts';

/** A file by the name that it goes by: its id in a release, else the name of the file or of its folder. */
export interface PerturbationPath {
  id: string;
  path: string;
  /** As the release or the record beside it says; null where nothing does. */
  attack: string | null;
  surrogates: string[];
}

/** What the file of a perturbation is called in a release, and where `atlas craft` leaves it. */
const OWN = 'perturbation';
/** Pictures of a folder may be anything; one that is named by itself is taken. */
const inFolders = perturbationFiles.filter((ending) => ending !== '.png');
/** Folders inside of folders, and files in all. */
const deepest = 5;
const mostFiles = 2000;

/** @throws UsageError where there is none; AtlasError for a release that is broken */
export async function pathsOf(source: string): Promise<PerturbationPath[]> {
  if (!existsSync(source))
    throw new UsageError(`There is no ${source}. Give --perturbations a release, a folder or a file of perturbations.`);
  if (!statSync(source).isDirectory()) return [await recorded(source)];
  if (['latest.json', 'manifest.json'].some((name) => existsSync(join(source, name)))) return await ofRelease(source);
  const files: string[] = [];
  await walk(source, 0, files);
  if (files.length > 0) return await Promise.all(files.map(recorded));
  throw new UsageError(
    `There is no perturbation in ${source}: neither a release, nor a file of ${inFolders.join(', ')}, in it or in a folder inside it. Check the path.`,
  );
}

async function walk(folder: string, depth: number, files: string[]): Promise<void> {
  const entries = (await readdir(folder, { withFileTypes: true })).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const names = entries.filter((entry) => !entry.isDirectory()).map(({ name }) => name);
  files.push(...chosen(names).map((name) => join(folder, name)));
  if (files.length > mostFiles)
    throw new UsageError(`${folder} and what lies around it holds more than ${mostFiles} files of arrays. Name fewer.`);
  if (depth === deepest) return;
  for (const entry of entries)
    if (entry.isDirectory() && !entry.name.startsWith('.')) await walk(join(folder, entry.name), depth + 1, files);
}

/**
 * A folder with a perturbation.npy is that one in several forms; of files that differ only in their kind the first is
 * taken.
 */
function chosen(names: readonly string[]): string[] {
  if (names.includes(`${OWN}.npy`)) return [`${OWN}.npy`];
  const rank = (name: string) => inFolders.indexOf(extname(name).toLowerCase());
  const byStem = new Map<string, string>();
  for (const name of names.filter((one) => rank(one) >= 0).sort((a, b) => rank(a) - rank(b))) {
    const stem = basename(name, extname(name));
    if (!byStem.has(stem)) byStem.set(stem, name);
  }
  return [...byStem.values()].sort();
}

/** Of a craft.json, or of a release's record.json. */
const record = z.object({
  attack: z.string(),
  surrogates: z.array(z.union([z.string(), z.object({ id: z.string() })])).default([]),
});

async function recorded(path: string): Promise<PerturbationPath> {
  const beside = ['craft.json', 'record.json'].map((name) => join(dirname(path), name)).find(existsSync);
  const { data } = record.safeParse(beside ? await readJsonValue(beside, 'record').catch(() => null) : null);
  const surrogates = data?.surrogates.map((one) => (typeof one === 'string' ? one : one.id)) ?? [];
  const stem = basename(path, extname(path));
  const id = stem === OWN ? basename(dirname(resolve(path))) : stem;
  return { id, path, attack: data?.attack ?? null, surrogates };
}

async function ofRelease(folder: string): Promise<PerturbationPath[]> {
  const source = await folderSource(folder);
  const { manifest, problems } = await readManifest(source);
  // A key that is not safe is among the problems: it may lead out of the folder.
  if (!manifest || problems.length > 0) {
    const shown = problems.slice(0, 3).map(({ key, problem }) => `${key} ${problem}`);
    throw new AtlasError(
      `The release ${folder} cannot be read: ${shown.join('; ')}. \`atlas verify\` says more; build it again from its study, or fetch it again.`,
    );
  }
  if (manifest.perturbations.length === 0)
    throw new UsageError(`The release ${folder} has no perturbations. Give another one.`);
  return manifest.perturbations.map(({ id, npy, attack, surrogates }) => {
    return { id, path: join(source.root, ...npy.split('/')), attack, surrogates };
  });
}
