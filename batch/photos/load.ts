import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { AtlasError, megabytes, UsageError } from '#shared/errors';
import { type CanvasFit, sniffImage } from '#shared/images';
import { type Groups, type Half, photosSha256, splitPhotos } from '#shared/photos';
import { readBytes, reasonOf } from '../files/index.ts';
import type { Canvases } from './canvases.ts';
import { codecs } from './codecs.ts';
import { listPhotos, type PhotoFile } from './files.ts';
import { canvasesOfNpy } from './npy.ts';
import { isSyntheticSource, syntheticCanvases } from './synthetic.ts';

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
  /** For `splitPhotos`: which photos are of one thing. */
  groups: Groups;
  skipped: Skipped[];
  /** SHA-256 over names and pixels of the chosen photos, in that order: the identity of a set in a record. */
  sha256(indices: readonly number[]): string;
}

export interface LoadOptions {
  /** Side of the canvas in pixels. */
  canvas: number;
  /** How a photo becomes one; "exact": photos of another size cannot be read. Default crop. */
  fit?: CanvasFit;
  /** A photo that cannot be read is an error, not skipped. */
  strict?: boolean;
  signal?: AbortSignal;
  onProgress?: (progress: { done: number; total: number }) => void;
  /** Which files are loaded at all, by name. */
  only?: (file: string) => boolean;
  /** Only this half of the photos. */
  half?: Half;
  /** Of synthetic pictures; default 1. */
  seed?: number;
}

const starterPhotos = fileURLToPath(new URL('../../zoo/starter/photos', import.meta.url));

/** Photos between two turns of the event loop, so that Ctrl-C is heard. */
const TURN = 16;

/**
 * Loads photos from any of these, in this order: files (folders of JPEG, PNG and WebP of any size, single ones, .txt
 * lists; `starter` is the starter pack), then .npy and .npz files of canvases [P,3,S,S], then `synthetic` pictures.
 * Files of a folder come in the order of their names.
 *
 * @throws UsageError for a source that is not there, has no photo, or has none that can be read; with `strict`, for the
 * first photo that cannot be read.
 */
export async function loadPhotos(sources: readonly string[], options: LoadOptions): Promise<PhotoSet> {
  const { canvas } = options;
  if (sources.length === 0)
    throw new UsageError('No photos were given. Give a folder of JPEG, PNG or WebP files with --photos.');
  const [arrays, rest] = parted(sources, (source) => /\.np[yz]$/i.test(source));
  const [drawn, paths] = parted(rest, isSyntheticSource);
  const all = await listPhotos(paths.map((path) => (path === 'starter' && !existsSync(path) ? starterPhotos : path)));
  const groups = new Map(all.flatMap(({ name, group }) => (group === undefined ? [] : [[name, group]])));
  const only = wanted(options, groups);
  const files = all.filter(({ name }) => only(name));
  const ready: Canvases[] = [];
  for (const path of arrays) ready.push(chosen(await canvasesFile(path, canvas), canvas, only));
  for (const source of drawn) ready.push(chosen(syntheticCanvases(source, canvas, options.seed ?? 1), canvas, only));

  const plane = 3 * canvas * canvas;
  const most = ready.reduce((sum, { names }) => sum + names.length, files.length);
  const pixels = allocate(most, canvas);
  const { names, skipped } = await decodeInto(pixels, files, options);
  if (names.length === 0 && ready.length === 0 && files.length > 0) {
    throw new UsageError(
      `None of the ${files.length} photos of ${sources.join(', ')} can be read; the first, ${skipped[0].file}: ${skipped[0].reason} Give JPEG, PNG or WebP files.`,
    );
  }
  for (const { names: more, data } of ready) {
    pixels.set(data, names.length * plane);
    names.push(...more);
  }
  return photoSet(names, canvas, pixels.subarray(0, names.length * plane), { skipped, groups });
}

/** Which photos are loaded, by name. */
function wanted({ only, half }: LoadOptions, groups: Groups): (name: string) => boolean {
  return (name) => (only?.(name) ?? true) && (!half || splitPhotos([name], groups)[half].length > 0);
}

/** A camera's largest has a tenth of it. */
const LARGEST_PHOTO = 256e6;
/** Bytes of memory that one photo may take while it is read: a camera's 60 megapixels take some 700 MB. */
const MOST_MEMORY = 8e8;
/** What the codecs were seen to take, at most: for each pixel of a JPEG in scans of full colour, for each byte read. */
const BYTES_PER_PIXEL = 10.5;
const BYTES_PER_BYTE = 3;

/** @throws UsageError, its message what is said of a photo that is skipped */
async function readPhoto(path: string): Promise<Uint8Array> {
  const bytes = await readBytes(path, { most: LARGEST_PHOTO }).catch((error: unknown) => {
    throw new UsageError(`${reasonOf(error)}.`);
  });
  const { width = 0, height = 0 } = sniffImage(bytes) ?? {};
  if (BYTES_PER_PIXEL * width * height + BYTES_PER_BYTE * bytes.length > MOST_MEMORY)
    throw new UsageError(
      `The picture has ${width} x ${height} pixels in ${megabytes(bytes.length)}, and takes more memory than one may. Make it smaller first.`,
    );
  return bytes;
}

/** Decodes files one after the other into `pixels`, from its beginning. */
async function decodeInto(pixels: Uint8Array, files: readonly PhotoFile[], options: LoadOptions) {
  const { canvas, fit, signal } = options;
  const { canvas: canvasOf } = await codecs();
  const names: string[] = [];
  const skipped: Skipped[] = [];
  for (const [index, { name, path }] of files.entries()) {
    if (index % TURN === 0) await setImmediate();
    signal?.throwIfAborted();
    try {
      const bytes = await readPhoto(path);
      pixels.set(await canvasOf(bytes, canvas, fit), names.length * 3 * canvas * canvas);
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
  return { names, skipped };
}

async function canvasesFile(path: string, canvas: number): Promise<Canvases> {
  const { count, data } = await canvasesOfNpy(path, canvas);
  const stem = basename(path).replace(/\.np[yz]$/i, '');
  return { names: Array.from({ length: count }, (_, i) => `${stem}-${String(i).padStart(6, '0')}`), data };
}

function chosen({ names, data }: Canvases, canvas: number, only: (name: string) => boolean): Canvases {
  if (names.every(only)) return { names, data };
  const plane = 3 * canvas * canvas;
  const kept = names.flatMap((name, index) => (only(name) ? [index] : []));
  const picked = new Uint8Array(kept.length * plane);
  kept.forEach((index, place) => {
    picked.set(data.subarray(index * plane, (index + 1) * plane), place * plane);
  });
  return { names: kept.map((index) => names[index]), data: picked };
}

function parted<T>(items: readonly T[], belongs: (item: T) => boolean): [T[], T[]] {
  return [items.filter(belongs), items.filter((item) => !belongs(item))];
}

function photoSet(
  names: string[],
  size: number,
  pixels: Uint8Array,
  { skipped, groups }: Pick<PhotoSet, 'skipped' | 'groups'>,
): PhotoSet {
  return {
    names,
    size,
    pixels,
    groups,
    skipped,
    sha256: (indices) => photosSha256({ names, pixels, size }, indices),
  };
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
