// What happens to pictures that nobody has tampered with. All take and give canvases [3,size,size] of whole numbers.
import { round8 } from '#shared/images';
import { type Random, rearranged } from '#shared/synthetic';

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

const mirrored = (at: number, size: number) => (at < 0 ? -at : at >= size ? 2 * size - 2 - at : at);

/** By a Gaussian, cut off at three standard deviations; mirrored at the edge. */
function blurred(canvas: Uint8Array, size: number, sigma: number): Uint8Array {
  const reach = Math.min(size - 1, Math.ceil(3 * sigma));
  const bell = Float64Array.from({ length: 2 * reach + 1 }, (_, i) => Math.exp(-0.5 * ((i - reach) / sigma) ** 2));
  const total = bell.reduce((sum, weight) => sum + weight, 0);
  // Where each step from each place along a line ends.
  const places = Int32Array.from({ length: size * bell.length }, (_, i) =>
    mirrored(Math.floor(i / bell.length) + (i % bell.length) - reach, size),
  );
  const pass = (values: Uint8Array | Float32Array, startOf: (line: number) => number, step: number) => {
    const result = new Float32Array(values.length);
    for (let line = 0; line < 3 * size; line++) {
      const start = startOf(line);
      for (let i = 0; i < size; i++) {
        let sum = 0;
        for (let k = 0; k < bell.length; k++) sum += bell[k] * values[start + step * places[i * bell.length + k]];
        result[start + step * i] = sum / total;
      }
    }
    return result;
  };
  const across = pass(canvas, (line) => line * size, 1);
  const down = pass(across, (line) => Math.floor(line / size) * size * size + (line % size), size);
  return Uint8Array.from(down, round8);
}
