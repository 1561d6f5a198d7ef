/** Photos as canvases, and which of them craft. */

import { sharedBytes } from '#shared/memory';
import { alike, fingerprintsOf, inHashOrder, photosSha256, splitPhotos } from '#shared/photos';
import { syntheticKinds, syntheticPictures } from '#shared/synthetic';
import { canvasOf } from '../lab/pictures.ts';
import type { CraftOrder } from './protocol.ts';

/** What a craft works on. */
export interface CraftPhotos {
  names: string[];
  size: number;
  /** [P,3,size,size]. */
  pixels: Uint8Array;
  /** Indices. */
  crafting: number[];
  heldOut: number[];
  /** Photos that are left out, and why. */
  skipped: { name: string; why: string }[];
}

/**
 * @param onDone Called with how many photos are read.
 * @throws Error where too few photos can be read
 */
export async function photosFor(
  { canvas, fit, photos, synthetic, seed }: CraftOrder,
  onDone: (done: number) => void,
): Promise<CraftPhotos> {
  const skipped: CraftPhotos['skipped'] = [];
  const canvases = new Map<string, Float32Array>();
  for (const { name, url } of photos) {
    try {
      canvases.set(name, await canvasOf(`${canvas} ${fit} ${url}`));
    } catch (error) {
      skipped.push({ name, why: error instanceof Error ? error.message : String(error) });
    }
    onDone(canvases.size + skipped.length);
  }
  const drawn = Array.from({ length: synthetic ?? 0 }, (_, place) => `picture ${place}`);
  const names = [...drawn, ...inHashOrder([...canvases.keys()])];
  const length = 3 * canvas * canvas;
  const pixels = sharedBytes(names.length * length);
  if (synthetic) pixels.set(syntheticPictures({ kinds: syntheticKinds, count: synthetic, size: canvas, seed }));
  names.slice(drawn.length).forEach((name, i) => {
    pixels.set(canvases.get(name) as Float32Array, (drawn.length + i) * length);
  });
  const crafting = synthetic ? drawn.length : craftingOf(names);
  const all = [...names.keys()];
  const apart = withoutAlike(pixels, canvas, crafting);
  for (const index of all.slice(crafting)) {
    if (!apart.includes(index))
      skipped.push({ name: names[index], why: 'It looks like a photo that crafts, and would say nothing of others.' });
  }
  return { names, size: canvas, pixels, crafting: all.slice(0, crafting), heldOut: apart, skipped };
}

/**
 * How many of names in hash order craft: as many as `splitPhotos` gives to that side, which is the beginning of this
 * order. Where that would leave a side with less than a quarter, as of a release's photos, which all stand on the other
 * side: half of them.
 */
function craftingOf(names: readonly string[]): number {
  const { crafting, evaluation } = splitPhotos(names);
  const isEven = Math.min(crafting.length, evaluation.length) >= names.length / 4;
  return isEven ? crafting.length : Math.ceil(names.length / 2);
}

/** The photos behind the first `crafting` that look like none of these. */
function withoutAlike(pixels: Uint8Array, size: number, crafting: number): number[] {
  const prints = fingerprintsOf(pixels, size);
  const pairs = alike(prints.slice(crafting), prints.slice(0, crafting));
  const like = new Set(pairs.map(([index]) => crafting + index));
  return prints.map((_, index) => index).filter((index) => index >= crafting && !like.has(index));
}

/** What a record says of the photos that crafted. */
export function craftingFacts(photos: CraftPhotos) {
  const { crafting, pixels, size, skipped } = photos;
  const length = 3 * size * size;
  return {
    photos: crafting.length,
    skipped: skipped.length,
    sha256: photosSha256(photos, crafting),
    // They come first.
    fingerprints: fingerprintsOf(pixels.subarray(0, crafting.length * length), size),
  };
}
