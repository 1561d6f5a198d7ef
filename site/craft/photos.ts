/** Photos as canvases, and which of them craft. */

import { sharedBytes } from '#shared/memory';
import { fingerprintsOf, inHashOrder, photosSha256 } from '#shared/photos';
import { syntheticKinds, syntheticPictures } from '#shared/synthetic';
import { canvasOf } from '../lab/pictures.ts';
import { craftingOf, divide } from './divide.ts';
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
  const sides = divide(names, pixels, canvas, synthetic ? drawn.length : craftingOf(names));
  for (const index of sides.alike)
    skipped.push({ name: names[index], why: 'It looks like a photo that crafts, and would say nothing of others.' });
  return { names, size: canvas, pixels, crafting: sides.crafting, heldOut: sides.heldOut, skipped };
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
