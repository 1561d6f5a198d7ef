// What happens to pictures that nobody has tampered with. All take and give canvases [3,size,size] of whole numbers.
import { mirrored, round8 } from '#shared/images';
import { type Random, rearranged } from '#shared/synthetic';
import { blurred } from '../photos/index.ts';

/** Ways in which a clean picture is shown. */
export const changes = ['none', 'flip', 'shift', 'blur', 'dark', 'noise'] as const;
export type Change = (typeof changes)[number];

/** How far a picture is moved, in pixels of a canvas of 224. */
const farthestShift = 16 / 224;
/** Standard deviations of Gaussian blur, in pixels. */
const blurs = [0.5, 2] as const;
/** Factors of brightness. */
const shades = [0.3, 0.9] as const;
/** Standard deviations of Gaussian noise, in units of 0..255: what a camera adds in fair light. */
const grain = [1, 4] as const;

const between = ([low, high]: readonly [number, number], draw: Random) => low + (high - low) * draw.uniform();

/** A canvas as this change shows it; how strong, the draw decides. */
export function changed(canvas: Uint8Array, size: number, change: Change, draw: Random): Uint8Array {
  if (change === 'flip') return rearranged(canvas, size, (at) => at - (at % size) + size - 1 - (at % size));
  if (change === 'shift') {
    const most = Math.max(1, Math.round(farthestShift * size));
    const [right, down] = [draw, draw].map(() => draw.below(2 * most + 1) - most);
    const from = (at: number) =>
      mirrored(Math.floor(at / size) - down, size) * size + mirrored((at % size) - right, size);
    return rearranged(canvas, size, from);
  }
  if (change === 'blur') return blurred(canvas, size, between(blurs, draw));
  if (change === 'dark') {
    const factor = between(shades, draw);
    return canvas.map((value) => round8(factor * value));
  }
  if (change === 'noise') {
    const sigma = between(grain, draw);
    return canvas.map((value) => round8(value + sigma * draw.normal()));
  }
  return canvas;
}
