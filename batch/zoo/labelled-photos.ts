// Photos whose class is known from their names or folders.
import { existsSync, statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { Pixels } from '#shared/compute';
import { UsageError } from '#shared/errors';
import { classFinder } from '#shared/zoo';
import { loadPhotos, picturesIn, type Skipped } from '../photos/index.ts';
import type { ZooModel } from './cards.ts';

export interface LabelledPhotos extends Pixels {
  /** Class index by photo. */
  truth: number[];
  skipped: Skipped[];
  /** Photos that tell no class, and are left out: how many, and the first of them. */
  unlabelled: { count: number; first: string | null };
  /** The same photos as they are, where all of them have `exact` pixels a side. */
  exact: Pixels | null;
}

export interface LabelledOptions {
  /** Side of the canvas in pixels. */
  canvas: number;
  /** Side in pixels of the photos that are also taken as they are; null for none. */
  exact: number | null;
  /** At most so many photos, spread evenly over all that have a label. */
  limit: number;
  classes: number;
  labels: ZooModel['labels'];
  wnids: ZooModel['wnids'];
  signal?: AbortSignal;
  onProgress?: (progress: { done: number; total: number }) => void;
}

/**
 * Loads photos with their classes, from folders and the folders inside them. A photo's class is told by the WordNet id
 * that its name or its folder's name starts with, or else by its folder's name: a label, a class index, or both ("003
 * cat"). Whatever of it the labels do not say is told by the others.
 *
 * @throws UsageError when no photo has a label, when folders are numbered from 1, or when no photo can be read.
 */
export async function loadLabelledPhotos(
  folders: readonly string[],
  options: LabelledOptions,
): Promise<LabelledPhotos> {
  const { canvas, limit, signal, onProgress } = options;
  const classOf = classReader(options);
  const pictures = await picturesOf(folders);
  checkNumbers(pictures, options.classes);
  const all = pictures.map((path) => ({ path, truth: classOf(path) }));
  const labelled = all.filter((photo): photo is { path: string; truth: number } => photo.truth !== null);
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
  const exact = new ExactPhotos(options.exact);
  for (const [index, photo] of chosen.entries()) {
    // One at a time: photos of one name in several folders must not be confused.
    const set = await loadPhotos([photo.path], { canvas, signal, strict: true }).catch((error: unknown) => {
      if (!(error instanceof UsageError)) throw error;
      skipped.push({ file: photo.path, reason: error.message });
    });
    if (set) {
      pixels.set(set.pixels, truth.length * length);
      await exact.add(photo.path);
      truth.push(photo.truth);
    }
    onProgress?.({ done: index + 1, total: chosen.length });
  }
  if (truth.length === 0)
    throw new UsageError(`None of the ${chosen.length} labelled photos can be read; the first: ${skipped[0].reason}`);
  const without = all.filter((photo) => photo.truth === null);
  return {
    ...{ pixels: pixels.subarray(0, truth.length * length), size: canvas, truth, skipped },
    unlabelled: { count: without.length, first: without[0]?.path ?? null },
    exact: exact.pixels(),
  };
}

/** Photos as they are, for as long as each has the size that the model takes. */
class ExactPhotos {
  readonly #size: number | null;
  readonly #found: Uint8Array[] = [];
  #isAll = true;

  constructor(size: number | null) {
    this.#size = size;
  }

  /** @param path of a photo that could be read before */
  async add(path: string): Promise<void> {
    if (this.#size === null || !this.#isAll) return;
    const found = await loadPhotos([path], { canvas: this.#size, fit: 'exact', strict: true }).catch(() => null);
    if (found) this.#found.push(found.pixels);
    else this.#isAll = false;
  }

  pixels(): Pixels | null {
    if (this.#size === null || !this.#isAll || this.#found.length === 0) return null;
    const length = 3 * this.#size ** 2;
    const pixels = new Uint8Array(new SharedArrayBuffer(length * this.#found.length));
    this.#found.forEach((photo, i) => {
      pixels.set(photo, i * length);
    });
    return { pixels, size: this.#size };
  }
}

/** Pictures of each folder and of the folders inside it, sorted by path. */
async function picturesOf(folders: readonly string[]): Promise<string[]> {
  const pictures: string[] = [];
  for (const folder of folders) {
    if (!existsSync(folder) || !statSync(folder).isDirectory())
      throw new UsageError(
        `${folder} is no folder. Give a folder of labelled photos, or of folders named by their class.`,
      );
    pictures.push(...(await picturesIn(folder, (file) => /\.(jpe?g|png|webp)$/i.test(file))).map(({ path }) => path));
  }
  return pictures;
}

/** Classes are counted from 0; folders that count from 1 would all be read as the class beside theirs. */
function checkNumbers(pictures: readonly string[], classes: number): void {
  const folders = [...new Set(pictures.map((path) => basename(dirname(path))))];
  const numbers = new Set(folders.filter((name) => /^\d{1,9}$/.test(name)).map(Number));
  if (!numbers.has(classes) || numbers.has(0)) return;
  throw new UsageError(
    `There is a folder ${classes} and no folder 0, and the model's classes are 0 to ${classes - 1}: the folders seem to be counted from 1. Name them from 0 on, or by their labels.`,
  );
}

function classReader({ classes, labels, wnids }: LabelledOptions): (path: string) => number | null {
  const byWnid = new Map<string, number>();
  for (const [index, wnid] of (wnids ?? []).entries()) if (wnid !== undefined) byWnid.set(wnid, index);
  const byLabel = classFinder(labels ?? []);
  const numbered = (name: string): number | null => (Number(name) < classes ? Number(name) : null);
  return (path) => {
    const folder = basename(dirname(path));
    for (const name of [basename(path), folder]) {
      const index = byWnid.get(/^n\d{8}/.exec(name)?.[0] ?? '');
      if (index !== undefined) return index;
    }
    const labelled = byLabel(folder);
    if (labelled !== undefined) return labelled;
    if (/^\d{1,9}$/.test(folder)) return numbered(folder);
    // "003 cat", "3_cat", "003.Cat": the label tells, where there are labels.
    const [, number, name] = /^(\d{1,9})[\s._-]+(\S.*)$/.exec(folder) ?? [];
    if (number === undefined) return null;
    return labels ? (byLabel(name) ?? null) : numbered(number);
  };
}

function spread<Value>(values: Value[], limit: number): Value[] {
  if (values.length <= limit) return values;
  return Array.from({ length: limit }, (_, i) => values[Math.floor((i * values.length) / limit)]);
}
