/** What the data-free attacks add v to, after their published code. */

import type { Item } from '#shared/compute';
import { sharedBytes } from '#shared/memory';
import {
  augmented,
  meanColour,
  normalNoise,
  type Random,
  random,
  rangeDeviations,
  type Square,
} from '#shared/synthetic';
import { type Pictures, photosInOrder } from './pictures.ts';
import type { CraftInputs } from './types.ts';

/** A picture and what ties it to a crafting photo; nothing does for pictures that are none. */
interface Shown {
  values: ArrayLike<number>;
  row?: number;
}

/** Pictures that are made for each step, as canvases of their own. */
function fresh(size: number, show: () => Shown): (count: number) => ReturnType<Pictures['next']> {
  const length = 3 * size * size;
  return (count) => {
    const pixels = sharedBytes(count * length);
    const items = Array.from({ length: count }, (_, photo): Item => {
      const { values, row } = show();
      for (let k = 0; k < length; k++) pixels[photo * length + k] = Math.round(Math.min(255, Math.max(0, values[k])));
      return { photo, flip: false, row };
    });
    return { items, photos: { pixels, size } };
  };
}

/** One canvas of the mean colour of photographs, which is nothing to networks that subtract it. */
export function meanCanvas({ photos: { size } }: CraftInputs): Pictures {
  const plane = size * size;
  const values = Float32Array.from({ length: 3 * plane }, (_, i) => meanColour[Math.floor(i / plane)]);
  return { state: {}, next: fresh(size, () => ({ values })) };
}

/** How much larger than a canvas the noise is that looks are cut from: 500 pixels for 224. */
const noiseScale = 500 / 224;

/**
 * Noise with the mean and range of photographs: one picture, larger than a canvas, that every look sees another way.
 */
export function rangeNoise({ photos: { size }, seed }: CraftInputs, { augment }: { augment: boolean }): Pictures {
  const side = augment ? Math.round(noiseScale * size) : size;
  const noise = normalNoise(side, meanColour, rangeDeviations, random(seed, 'range prior'));
  const draw = random(seed, 'augmentation');
  return {
    state: { augmentation: draw.state },
    next: fresh(size, () => (augment ? { values: augmented(noise, size, draw).values } : { values: noise.values })),
  };
}

/** Of noise around middle grey at that progress: from 10 to 127, green 10 and blue 20 more (TRM-UAP, PSP-UAP). */
export const growingDeviations = (progress: number) => [0, 10, 20].map((more) => more + 10 + 117 * progress);

export const middleGrey = [127.5, 127.5, 127.5] as const;

/** A canvas of noise whose spread grows with the progress, seen as `augmented` says: smoothed, most of the time. */
export function smoothedNoise(size: number, progress: number, draw: Random): Float32Array {
  const noise = normalNoise(size, middleGrey, growingDeviations(progress), draw);
  return augmented(noise, size, draw, middleGrey).values;
}

/** Another such canvas for every look. */
export function growingNoise({ photos: { size }, seed }: CraftInputs): Pictures {
  const draw = random(seed, 'growing noise');
  const next: Pictures['next'] = (count, _v, progress) =>
    fresh(size, () => ({ values: smoothedNoise(size, progress, draw) }))(count);
  return { state: { noise: draw.state }, next };
}

/** The crafting photos, each time seen another way. */
export function augmentedPhotos(task: CraftInputs): Pictures {
  const { pixels, size } = task.photos;
  const length = 3 * size * size;
  const order = photosInOrder(task, { flips: false, shift: 0, zoom: 0 });
  const draw = random(task.seed, 'augmentation');
  const pictureOf = (photo: number): Square => ({
    values: new Float32Array(pixels.subarray(photo * length, (photo + 1) * length)),
    side: size,
  });
  return {
    state: { order: order.state, augmentation: draw.state },
    next: fresh(size, () => {
      const [{ photo, row = 0 }] = order.next(1);
      const { values, flip } = augmented(pictureOf(photo), size, draw);
      return { values, row: row + Number(flip) };
    }),
  };
}
