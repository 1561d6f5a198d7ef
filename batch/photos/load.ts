import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { canvasFromRgba } from '#shared/images';
import { AtlasError, UsageError } from '../errors/index.ts';
import { readBytes } from '../files/index.ts';
import { codecs } from './codecs.ts';
import { listPhotos } from './files.ts';
import { canvasesOfNpy } from './npy.ts';

export interface Skipped {
  file: string;
  reason: string;
}

/** Photos as canvases. */
export interface PhotoSet {
  names: string[];
  /** Side of the canvases in pixels. */
  size: number;
  /** [P,3,size,size], RGB planes, over a SharedArrayBuffer: threads see them without a copy. */
  pixels: Uint8Array;
  /** Class index by photo; null where the file name does not tell. */
  truth: (number | null)[];
  skipped: Skipped[];
  /** SHA-256 over names and pixels of the chosen photos, in that order: the identity of a set in a record. */
  sha256(indices: readonly number[]): string;
}

export interface LoadOptions {
  /** Side of the canvas in pixels. */
  canvas: number;
  /** A photo that cannot be read is an error, not skipped. */
  strict?: boolean;
  /** WordNet id by class index: a file name that starts with one has that class as its truth. */
  wnids?: readonly (string | undefined)[] | null;
  signal?: AbortSignal;
  onProgress?: (progress: { done: number; total: number }) => void;
  /** Which files are loaded at all, by name. */
  only?: (file: string) => boolean;
}

/** Photos between two turns of the event loop, so that Ctrl-C is heard. */
const TURN = 16;

/**
 * Loads every photo of the given folders: JPEG, PNG and WebP files of any size, or one .npy file of canvases [P,3,S,S]. Files of a folder
 * come in the order of their names.
 *
 * @throws UsageError for a folder that is not there, has no photo, or has none that can be read; with `strict`, for the first photo that
 *   cannot be read.
 */
export async function loadPhotos(folders: readonly string[], options: LoadOptions): Promise<PhotoSet> {
  const { canvas, only, signal } = options;
  if (folders.length === 0)
    throw new UsageError('No photos were given. Give a folder of JPEG, PNG or WebP files with --photos.');
  if (folders.some((folder) => /\.npy$/i.test(folder))) {
    if (folders.length > 1) {
      throw new UsageError(
        'An .npy file of canvases stands alone: give it as the only --photos, or give folders of photos.',
      );
    }
    return canvasesFile(folders[0], options);
  }
  const all = await listPhotos(folders);
  const files = only ? all.filter(({ name }) => only(name)) : all;
  const { decode } = await codecs();
  const pixels = allocate(files.length, canvas);
  const names: string[] = [];
  const skipped: Skipped[] = [];
  for (const [index, { name, path }] of files.entries()) {
    if (index % TURN === 0) await setImmediate();
    signal?.throwIfAborted();
    try {
      pixels.set(canvasFromRgba(await decode(await readBytes(path)), canvas), names.length * 3 * canvas * canvas);
      names.push(name);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (options.strict) {
        throw new UsageError(`The photo ${path} cannot be read: ${reason} Repair it or take it out of the folder.`);
      }
      skipped.push({ file: name, reason });
    }
    options.onProgress?.({ done: index + 1, total: files.length });
  }
  if (names.length === 0 && files.length > 0) {
    throw new UsageError(
      `None of the ${files.length} photos of ${folders.join(', ')} can be read; the first, ${skipped[0].file}: ${skipped[0].reason} Give JPEG, PNG or WebP files.`,
    );
  }
  return photoSet(names, canvas, pixels.subarray(0, names.length * 3 * canvas * canvas), skipped, options);
}

async function canvasesFile(path: string, options: LoadOptions): Promise<PhotoSet> {
  const { canvas, only } = options;
  const { count, data } = await canvasesOfNpy(path, canvas);
  const plane = 3 * canvas * canvas;
  const stem = basename(path).replace(/\.npy$/i, '');
  const kept = Array.from({ length: count }, (_, index) => ({
    index,
    name: `${stem}-${String(index).padStart(6, '0')}`,
  })).filter(({ name }) => only?.(name) ?? true);
  const pixels = allocate(kept.length, canvas);
  kept.forEach(({ index }, place) => {
    pixels.set(data.subarray(index * plane, (index + 1) * plane), place * plane);
  });
  return photoSet(
    kept.map(({ name }) => name),
    canvas,
    pixels,
    [],
    options,
  );
}

function photoSet(
  names: string[],
  size: number,
  pixels: Uint8Array,
  skipped: Skipped[],
  options: LoadOptions,
): PhotoSet {
  const plane = 3 * size * size;
  return {
    names,
    size,
    pixels,
    truth: names.map((name) => truthOf(name, options.wnids)),
    skipped,
    sha256(indices) {
      const hash = createHash('sha256').update(`${size}\n`);
      for (const index of indices) {
        hash.update(`${names[index]}\n`).update(pixels.subarray(index * plane, (index + 1) * plane));
      }
      return hash.digest('hex');
    },
  };
}

/** "n01440764_tench.jpg" is of the class whose WordNet id is n01440764. */
function truthOf(name: string, wnids: LoadOptions['wnids']): number | null {
  const wnid = /^n\d{8}/.exec(basename(name))?.[0];
  if (!wnid || !wnids) return null;
  const index = wnids.indexOf(wnid);
  return index < 0 ? null : index;
}

function allocate(photos: number, size: number): Uint8Array {
  const bytes = photos * 3 * size * size;
  try {
    return new Uint8Array(new SharedArrayBuffer(bytes));
  } catch {
    throw new AtlasError(
      `${photos} photos of ${size}x${size} pixels need ${(bytes / 1e9).toFixed(1)} GB of memory at once, which this machine does not give. Use fewer photos or a smaller canvas.`,
    );
  }
}
