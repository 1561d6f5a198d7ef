// What happens to pictures that nobody has tampered with. All take and give canvases [3,size,size] of whole numbers.
import { contributions, mirrored, round8 } from '#shared/images';
import { type Random, rearranged } from '#shared/synthetic';
import { blurred, resampled } from '../photos/index.ts';

/** Ways in which a clean picture is shown. */
export const changes = [
  'none',
  'flip',
  'closer',
  'blur',
  'contrast',
  'shift',
  'farther',
  'dark',
  'colour',
  'noise',
] as const;
export type Change = (typeof changes)[number];

/** How far a picture is moved, in pixels of a canvas of 224. */
const farthestShift = 16 / 224;
/** How many times larger a part is shown, and how many times smaller the whole. */
const zooms = { closer: [1, 2], farther: [0.55, 1] } as const;
/** Standard deviations of Gaussian blur, in pixels. */
const blurs = [0.5, 2] as const;
/** Factors of brightness. */
const shades = [0.3, 0.9] as const;
/** Factors of how far values are from one of them, and of how far colours are from grey. */
const contrasts = [0.5, 1.5] as const;
const middles = [60, 180] as const;
const saturations = [0, 1.6] as const;
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
  if (change === 'closer' || change === 'farther') return zoomed(canvas, size, between(zooms[change], draw), draw);
  if (change === 'contrast') {
    const [factor, middle] = [between(contrasts, draw), between(middles, draw)];
    return canvas.map((value) => round8(middle + factor * (value - middle)));
  }
  if (change === 'colour') return saturated(canvas, size * size, between(saturations, draw));
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

/** Resized by a factor about a random place; what lies outside of the picture mirrors it. */
function zoomed(canvas: Uint8Array, size: number, factor: number, draw: Random): Uint8Array {
  const to = Math.max(2, Math.round(factor * size));
  const of = contributions(size, to);
  const window = () => {
    const start = Math.floor((to - size + 1) * draw.uniform());
    return Array.from({ length: size }, (_, i) => of[mirrored(start + i, to)]);
  };
  // In float32, on which the hashes of hardened networks depend.
  return resampled(canvas, size, window(), window(), new Float32Array(canvas.length));
}

/** Nearer to grey, or farther from it. */
function saturated(canvas: Uint8Array, plane: number, factor: number): Uint8Array {
  return canvas.map((value, at) => {
    const i = at % plane;
    const grey = (canvas[i] + canvas[plane + i] + canvas[2 * plane + i]) / 3;
    return round8(grey + factor * (value - grey));
  });
}
