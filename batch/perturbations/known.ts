/** The perturbations that pictures are compared with: of a release, of folders, of files. */
import { existsSync, statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { perturbationFiles, readPerturbation } from '../arrays/index.ts';
import { AtlasError, UsageError } from '../errors/index.ts';
import { codecs } from '../photos/index.ts';
import { folderSource, readManifest } from '../publish/index.ts';

/** A perturbation by the name that it goes by here: its id in a release, else the name of its file or folder. */
export interface KnownPerturbation {
  id: string;
  /** float32 [3,size,size], RGB, units of 0..255. */
  v: Float32Array;
  size: number;
}

/** What the file of a perturbation is called in a release, and where `atlas craft` leaves it. */
const OWN = 'perturbation';
/** Pictures of a perturbation are rounded, so they are read only where they are named. */
const kinds = perturbationFiles.filter((ending) => ending !== '.png');

/**
 * @param sources releases, folders and files
 * @param onProgress is told how many are read
 * @throws UsageError where one is not there, is no perturbation, or is for another canvas than the others; AtlasError
 *   for a release that is broken
 */
export async function knownPerturbations(
  sources: readonly string[],
  onProgress: (progress: { done: number; total: number }) => void,
): Promise<{ known: KnownPerturbation[]; size: number }> {
  const files = (await Promise.all(sources.map(filesOf))).flat();
  const known: KnownPerturbation[] = [];
  const taken = new Set<string>();
  for (const [done, { id, path }] of files.entries()) {
    onProgress({ done, total: files.length });
    const { v, size } = await readPerturbation(path, {}, async (bytes) => (await codecs()).decode(bytes));
    const [first] = known;
    if (first && first.size !== size)
      throw new UsageError(
        `The perturbation ${path} is for a canvas of ${size} pixels, and "${first.id}" for one of ${first.size}. A picture is looked at on one canvas: give those of one size.`,
      );
    // Two of one name are told apart by where they lie.
    known.push({ id: taken.has(id) ? path : id, v, size });
    taken.add(id);
  }
  return { known, size: known[0].size };
}

interface Named {
  id: string;
  path: string;
}

async function filesOf(source: string): Promise<Named[]> {
  if (!existsSync(source))
    throw new UsageError(`There is no ${source}. Give --perturbations a release, a folder or a file of perturbations.`);
  if (!statSync(source).isDirectory()) return [{ id: nameOf(source), path: source }];
  if (['latest.json', 'manifest.json'].some((name) => existsSync(join(source, name)))) return await ofRelease(source);
  const found = await ofFolder(source);
  if (found.length > 0) return found;
  const nested = await readdir(source, { withFileTypes: true });
  const folders = nested.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  const inside = (await Promise.all(folders.toSorted().map((name) => ofFolder(join(source, name))))).flat();
  if (inside.length > 0) return inside;
  throw new UsageError(
    `There is no perturbation in ${source}: neither a release, nor a file of ${kinds.join(', ')}, in it or in a folder of it. Check the path.`,
  );
}

/** Of files that differ only in their kind the first kind: they hold the same. */
async function ofFolder(folder: string): Promise<Named[]> {
  const names = (await readdir(folder, { withFileTypes: true }))
    .filter((entry) => !entry.isDirectory() && kinds.includes(extname(entry.name).toLowerCase()))
    .map(({ name }) => name)
    .sort((a, b) => kinds.indexOf(extname(a).toLowerCase()) - kinds.indexOf(extname(b).toLowerCase()));
  const byStem = new Map<string, string>();
  for (const name of names) {
    const stem = basename(name, extname(name));
    if (!byStem.has(stem)) byStem.set(stem, join(folder, name));
  }
  return [...byStem.values()].sort().map((path) => ({ id: nameOf(path), path }));
}

function nameOf(path: string): string {
  const stem = basename(path, extname(path));
  return stem === OWN ? basename(dirname(resolve(path))) : stem;
}

async function ofRelease(folder: string): Promise<Named[]> {
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
  return manifest.perturbations.map(({ id, npy }) => ({ id, path: join(source.root, ...npy.split('/')) }));
}
