import { hash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { UsageError } from '#shared/errors';
import { type Groups, type Half, splitPhotos } from '#shared/photos';
import { readBytes, reasonOf, writeAtomic } from '../files/index.ts';
import { groupsIn, picturesIn } from '../photos/index.ts';

/** The files that a study's photos come from. */
export interface PhotoFiles {
  /** The folder, or an .npy file of canvases. */
  source: string;
  /** Name and SHA-256 of the files of each half. An array of canvases has photos of both. */
  files: Record<Half, readonly (readonly [name: string, sha256: string])[]>;
}

const isArray = (source: string) => /\.npy$/i.test(source);

/** Where a photo's file is. */
export const photoPath = ({ source }: PhotoFiles, name: string) => (isArray(source) ? source : join(source, name));

const stamps = z.record(z.string(), z.object({ bytes: z.number(), modified: z.number(), sha256: z.string() }));

/**
 * Finds the photos of a study. A file whose size and time have not changed since the last run is not read again.
 *
 * @param source A folder, or an .npy file of canvases.
 * @param cache Where hashes are kept; `keep` false: what is there is used, and nothing is written.
 * @throws UsageError for a folder that is not there, and for one whose photos are all of one half.
 */
export async function findPhotos(source: string, cache: string, { keep }: { keep: boolean }): Promise<PhotoFiles> {
  const names = isArray(source) ? [basename(source)] : await namesIn(source);
  const known = await readFile(cache, 'utf8')
    .then((text) => stamps.parse(JSON.parse(text)))
    .catch(() => ({}) as z.infer<typeof stamps>);
  const now: z.infer<typeof stamps> = {};
  for (const name of names) {
    const path = isArray(source) ? source : join(source, name);
    const { size: bytes, mtimeMs: modified } = await stat(path).catch(() => {
      throw new UsageError(`The canvases ${path} cannot be read: there is no such file. Correct photos.folder.`);
    });
    const before = known[name];
    const isSame = before && before.bytes === bytes && before.modified === modified;
    now[name] = isSame ? before : { bytes, modified, sha256: await hashOf(path) };
  }
  const text = JSON.stringify(now);
  if (keep && text !== JSON.stringify(known)) await writeAtomic(cache, text);
  const all = names.map((name) => [name, now[name].sha256] as const);
  const split = isArray(source) ? null : splitPhotos(names, await groupsOf(source, names));
  const filesOf = (half: Half) => split?.[half].map((index) => all[index]) ?? all;
  const files = { crafting: filesOf('crafting'), evaluation: filesOf('evaluation') };
  if (files.crafting.length === 0 || files.evaluation.length === 0) {
    throw new UsageError(
      `The ${names.length} photos of ${source} all fall on one side of the split into crafting and evaluation photos, which goes by a hash of their names. Add photos: some tens at least.`,
    );
  }
  return { source, files };
}

/** A pipe would be waited for without end, and a device read without end. */
async function hashOf(path: string): Promise<string> {
  const bytes = await readBytes(path).catch((error: unknown) => {
    throw new UsageError(`The study's photo ${path} cannot be read: ${reasonOf(error)}. Take it out of the folder.`);
  });
  return hash('sha256', bytes);
}

/** Those of the folders inside it too, with their path. */
async function namesIn(folder: string): Promise<string[]> {
  const pictures = await picturesIn(folder, (file) => /\.(jpe?g|png|webp)$/i.test(file)).catch(() => {
    throw new UsageError(
      `The study's photo folder ${folder} does not exist or is no folder. Correct photos.folder, which is relative to the study file.`,
    );
  });
  return pictures.map(({ name }) => name);
}

/** The groups of every folder that photos lie in, by the names of the photos. */
async function groupsOf(source: string, names: readonly string[]): Promise<Groups> {
  const groups = new Map<string, string>();
  for (const inner of new Set(names.map((name) => name.slice(0, name.lastIndexOf('/') + 1))))
    for (const [name, first] of await groupsIn(join(source, inner))) groups.set(`${inner}${name}`, first);
  return groups;
}
