// Photos whose class is known from their names or folders.
import { existsSync, statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Pixels } from '../compute/index.ts';
import { UsageError } from '../errors/index.ts';
import { loadPhotos, type Skipped } from '../photos/index.ts';
import type { ZooModel } from './cards.ts';

export interface LabelledPhotos extends Pixels {
  /** Class index by photo. */
  truth: number[];
  skipped: Skipped[];
}

export interface LabelledOptions {
  /** Side of the canvas in pixels. */
  canvas: number;
  /** At most so many photos, spread evenly over all that have a label. */
  limit: number;
  classes: number;
  labels: ZooModel['labels'];
  wnids: ZooModel['wnids'];
  signal?: AbortSignal;
  onProgress?: (progress: { done: number; total: number }) => void;
}

/**
 * Loads photos with their classes, from folders and the folders right inside them. A photo's class is told by the
 * WordNet id that its name or its folder's name starts with, or else by its folder's name: a label, or a class index.
 *
 * @throws UsageError when no photo has a label, or none can be read.
 */
export async function loadLabelledPhotos(
  folders: readonly string[],
  options: LabelledOptions,
): Promise<LabelledPhotos> {
  const { canvas, limit, signal, onProgress } = options;
  const classOf = classReader(options);
  const labelled = (await picturesOf(folders)).flatMap((path) => {
    const truth = classOf(path);
    return truth === null ? [] : [{ path, truth }];
  });
  if (labelled.length === 0) {
    const wnids = options.wnids?.some(Boolean)
      ? ''
      : ' (WordNet ids need --labels with wnids, such as --labels imagenet)';
    throw new UsageError(
      `No photo of ${folders.join(', ')} tells its class. Name photos or their folders by WordNet id (n01440764_1.jpg)${wnids}, or put them into folders named by label or by class index below ${options.classes}.`,
    );
  }
  const chosen = spread(labelled, limit);
  const length = 3 * canvas * canvas;
  const pixels = new Uint8Array(new SharedArrayBuffer(chosen.length * length));
  const truth: number[] = [];
  const skipped: Skipped[] = [];
  for (const [index, photo] of chosen.entries()) {
    // One at a time: photos of one name in several folders must not be confused.
    const set = await loadPhotos([photo.path], { canvas, signal, strict: true }).catch((error: unknown) => {
      if (!(error instanceof UsageError)) throw error;
      skipped.push({ file: photo.path, reason: error.message });
    });
    if (set) {
      pixels.set(set.pixels, truth.length * length);
      truth.push(photo.truth);
    }
    onProgress?.({ done: index + 1, total: chosen.length });
  }
  if (truth.length === 0)
    throw new UsageError(`None of the ${chosen.length} labelled photos can be read; the first: ${skipped[0].reason}`);
  return { pixels: pixels.subarray(0, truth.length * length), size: canvas, truth, skipped };
}

/** Pictures of each folder and of the folders right inside it, sorted by path. */
async function picturesOf(folders: readonly string[]): Promise<string[]> {
  const pictures: string[] = [];
  for (const folder of folders) {
    if (!existsSync(folder) || !statSync(folder).isDirectory())
      throw new UsageError(
        `${folder} is no folder. Give a folder of labelled photos, or of folders named by their class.`,
      );
    for (const entry of (await readdir(folder, { withFileTypes: true })).sort(byName)) {
      const path = join(folder, entry.name);
      if (!entry.isDirectory()) pictures.push(path);
      else pictures.push(...(await readdir(path)).sort().map((file) => join(path, file)));
    }
  }
  return pictures.filter((path) => /\.(jpe?g|png|webp)$/i.test(path));
}

const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1);

function classReader({ classes, labels, wnids }: LabelledOptions): (path: string) => number | null {
  const byWnid = new Map(wnids?.map((wnid, index) => [wnid, index]));
  const byLabel = new Map<string, number | null>();
  for (const [index, label] of (labels ?? []).entries()) {
    const key = plain(label);
    // A label that two classes have tells nothing: ImageNet has two of "crane" and "maillot".
    byLabel.set(key, byLabel.has(key) ? null : index);
  }
  return (path) => {
    const folder = basename(dirname(path));
    for (const name of [basename(path), folder]) {
      const index = byWnid.get(/^n\d{8}/.exec(name)?.[0]);
      if (index !== undefined) return index;
    }
    const labelled = byLabel.get(plain(folder));
    if (labelled !== undefined) return labelled;
    return /^\d+$/.test(folder) && Number(folder) < classes ? Number(folder) : null;
  };
}

/** "Great_White-Shark" is the folder of "great white shark". */
const plain = (label: string) =>
  label
    .toLowerCase()
    .replace(/[\s_-]+/g, ' ')
    .trim();

function spread<Value>(values: Value[], limit: number): Value[] {
  if (values.length <= limit) return values;
  return Array.from({ length: limit }, (_, i) => values[Math.floor((i * values.length) / limit)]);
}
