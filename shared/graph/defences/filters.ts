// Squeezing: W. Xu, D. Evans, Y. Qi, "Feature Squeezing: Detecting Adversarial Examples in Deep Neural Networks", NDSS
// 2018, arXiv 1704.01155 (fewer bits, median); and a Gaussian blur.
import { int } from '../model.ts';
import { floats, int64s } from '../tensor.ts';
import type { Write } from './defence.ts';
import { toPixels, toSteps } from './rounding.ts';

export const bits: Write<'bits'> = (b, canvas, _size, defence) =>
  toPixels(b, toSteps(b, canvas, 255 / (2 ** defence.bits - 1)));

/** Both directions are a product with a banded matrix, which mirrors at the edge as well. */
export const blur: Write<'blur'> = (b, canvas, size, { sigma }) => {
  const reach = Math.min(size - 1, Math.ceil(3 * sigma));
  const bell = Array.from({ length: 2 * reach + 1 }, (_, i) => Math.exp(-0.5 * ((i - reach) / sigma) ** 2));
  const total = bell.reduce((sum, weight) => sum + weight, 0);
  const [rows, columns] = [new Float32Array(size * size), new Float32Array(size * size)];
  for (let i = 0; i < size; i++)
    for (let k = -reach; k <= reach; k++) {
      const from = mirrored(i + k, size);
      rows[i * size + from] += bell[k + reach] / total;
      columns[from * size + i] += bell[k + reach] / total;
    }
  const across = b.add('MatMul', [canvas, b.constant(floats(columns, [size, size]), 'across')]);
  return toPixels(b, b.add('MatMul', [b.constant(floats(rows, [size, size]), 'down'), across]));
};

const mirrored = (at: number, size: number) => (at < 0 ? -at : at >= size ? 2 * size - 2 - at : at);

/**
 * Exchanges that leave the median of nine in the middle: J. L. Smith, "Implementing median filters in XC4000E FPGAs",
 * 1996; A. W. Paeth, "Median finding on a 3x3 grid", Graphics Gems, 1990.
 */
const exchanges = [
  ...['1 2', '4 5', '7 8', '0 1', '3 4', '6 7', '1 2', '4 5', '7 8', '0 3', '5 8', '4 7', '3 6', '1 4', '2 5', '4 7'],
  ...['4 2', '6 4', '4 2'],
].map((pair) => pair.split(' ').map(Number) as [number, number]);

export const median: Write<'median'> = (b, canvas, size) => {
  const moved = (x: string, by: number, axis: number) => {
    const places = Array.from({ length: size }, (_, i) => Math.min(size - 1, Math.max(0, i + by)));
    return by === 0 ? x : b.add('Gather', [x, b.constant(int64s(places), 'places')], { axis: int(axis) });
  };
  const rows = [-1, 0, 1].map((by) => moved(canvas, by, 2));
  const nine = rows.flatMap((row) => [-1, 0, 1].map((by) => moved(row, by, 3)));
  for (const [low, high] of exchanges) {
    const pair = [nine[low], nine[high]];
    nine[low] = b.add('Min', pair);
    nine[high] = b.add('Max', pair);
  }
  return nine[4];
};
