import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { sha256Hex } from '#shared/release';
import { AtlasError, UsageError } from '../errors/index.ts';
import { readBytes, reasonOf, writeAtomic } from '../files/index.ts';
import { loadPhotos, type PhotoSet, splitPhotos } from '../photos/index.ts';

const sha256 = z.string();

/** Result of the photos job: which photos can be read, and what their canvases are. */
export const photoFacts = z.object({
  names: z.array(z.string()),
  skipped: z.array(z.object({ file: z.string(), reason: z.string() })),
  /** SHA-256 over names and canvases. */
  crafting: sha256,
  evaluation: sha256,
});
export type PhotoFacts = z.infer<typeof photoFacts>;

export function factsOf(photos: PhotoSet): PhotoFacts {
  const { crafting, evaluation } = splitPhotos(photos.names);
  return {
    names: photos.names,
    skipped: photos.skipped,
    crafting: photos.sha256(crafting),
    evaluation: photos.sha256(evaluation),
  };
}

const stamps = z.record(z.string(), z.object({ bytes: z.number(), modified: z.number(), sha256 }));

/**
 * SHA-256 of each photo file by name. A file whose size and time have not changed since the last run is not read again:
 * `cache` is where that is kept.
 * @throws UsageError for a folder that is not there.
 */
export async function photoFileHashes(folder: string, cache: string): Promise<Map<string, string>> {
  const single = /\.npy$/i.test(folder);
  const names = single ? [basename(folder)] : await namesIn(folder);
  const known = await readFile(cache, 'utf8')
    .then((text) => stamps.parse(JSON.parse(text)))
    .catch(() => ({}) as z.infer<typeof stamps>);
  const now: z.infer<typeof stamps> = {};
  for (const name of names) {
    const path = single ? folder : join(folder, name);
    const { size: bytes, mtimeMs: modified } = await stat(path).catch(() => {
      throw new UsageError(`The canvases ${path} cannot be read: there is no such file. Correct photos.folder.`);
    });
    const before = known[name];
    now[name] =
      before && before.bytes === bytes && before.modified === modified
        ? before
        : {
            bytes,
            modified,
            sha256: createHash('sha256')
              .update(await readPhoto(path))
              .digest('hex'),
          };
  }
  const text = JSON.stringify(now);
  if (text !== JSON.stringify(known)) await writeAtomic(cache, text);
  return new Map(Object.entries(now).map(([name, stamp]) => [name, stamp.sha256]));
}

/** A pipe would be waited for without end, and a device read without end. */
const readPhoto = (path: string) =>
  readBytes(path).catch((error: unknown) => {
    throw new UsageError(`The study's photo ${path} cannot be read: ${reasonOf(error)}. Take it out of the folder.`);
  });

async function namesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => {
    throw new UsageError(
      `The study's photo folder ${folder} does not exist or is no folder. Correct photos.folder, which is relative to the study file.`,
    );
  });
  return entries
    .filter((entry) => !entry.isDirectory() && /\.(jpe?g|png|webp)$/i.test(entry.name) && !entry.name.startsWith('.'))
    .map((entry) => entry.name)
    .sort();
}

/** The study's photos as canvases, decoded when they are first asked for. */
export class StudyPhotos {
  readonly #folder: string;
  readonly #canvas: number;
  #loaded: Promise<PhotoSet> | undefined;

  constructor(folder: string, canvas: number) {
    this.#folder = folder;
    this.#canvas = canvas;
  }

  load(options: { signal?: AbortSignal; onProgress?: (of: { done: number; total: number }) => void } = {}) {
    this.#loaded ??= loadPhotos([this.#folder], { canvas: this.#canvas, ...options });
    return this.#loaded;
  }

  /** The same, and certainly those that the photos job saw. @throws AtlasError when they changed since. */
  async loadKnown(facts: PhotoFacts, signal?: AbortSignal): Promise<PhotoSet> {
    const first = this.#loaded === undefined;
    const photos = await this.load({ signal });
    if (!first) return photos;
    const now = factsOf(photos);
    if (now.crafting !== facts.crafting || now.evaluation !== facts.evaluation) {
      throw new AtlasError(`The photos of ${this.#folder} changed while the study was running. Run it again.`);
    }
    return photos;
  }

  /** Only some photos, for pictures of them. */
  async some(names: readonly string[]): Promise<PhotoSet> {
    if (this.#loaded) return this.#loaded;
    const wanted = new Set(names);
    return loadPhotos([this.#folder], { canvas: this.#canvas, only: (name) => wanted.has(name) });
  }

  path(name: string): string {
    return /\.npy$/i.test(this.#folder) ? join(dirname(this.#folder), name) : join(this.#folder, name);
  }
}

/** Names in an order that nobody chose: by the SHA-256 of each. */
export function inHashOrder(names: readonly string[]): string[] {
  return [...names]
    .map((name) => ({ name, hash: sha256Hex(name) }))
    .sort((a, b) => (a.hash < b.hash ? -1 : 1))
    .map(({ name }) => name);
}
