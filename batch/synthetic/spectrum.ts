import type { Random } from './random.ts';

/**
 * A square of noise whose amplitude falls as 1/f: white noise of every octave, each octave as strong as the last, on grids that halve in spacing and
 * are interpolated smoothly. Mean 0, standard deviation 1. (In two dimensions equal strength in every octave is an amplitude of 1/f.)
 */
export function spectrumNoise(size: number, draw: Random): Float32Array {
  const sum = new Float32Array(size * size);
  for (let spacing = size; spacing >= 1; spacing /= 2) addOctave(sum, size, spacing, draw);
  let [mean, squares] = [0, 0];
  for (const value of sum) mean += value / sum.length;
  for (const value of sum) squares += (value - mean) ** 2 / sum.length;
  const scale = 1 / (Math.sqrt(squares) || 1);
  for (let i = 0; i < sum.length; i++) sum[i] = scale * (sum[i] - mean);
  return sum;
}

/** Adds a lattice of normal values `spacing` apart, interpolated by smoothstep. */
function addOctave(sum: Float32Array, size: number, spacing: number, draw: Random): void {
  const cells = Math.ceil(size / spacing) + 1;
  const lattice = Float32Array.from({ length: cells * cells }, () => draw.normal());
  const [offsetX, offsetY] = [draw.uniform(), draw.uniform()];
  const along = (i: number, offset: number) => {
    const at = Math.min(cells - 1.000001, i / spacing + offset * Math.max(0, cells - 1 - size / spacing));
    const cell = Math.floor(at);
    const t = at - cell;
    return { cell, share: t * t * (3 - 2 * t) };
  };
  const columns = Array.from({ length: size }, (_, x) => along(x, offsetX));
  for (let y = 0; y < size; y++) {
    const row = along(y, offsetY);
    for (let x = 0; x < size; x++) {
      const { cell, share } = columns[x];
      const value = (r: number) => lattice[r * cells + cell] * (1 - share) + lattice[r * cells + cell + 1] * share;
      sum[y * size + x] += value(row.cell) * (1 - row.share) + value(row.cell + 1) * row.share;
    }
  }
}
