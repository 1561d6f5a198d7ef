import type { Random } from './random.ts';

/**
 * A square of noise whose amplitude falls as 1/f: white noise of every octave, each octave as strong as the last, on
 * grids that halve in spacing and are interpolated smoothly. Mean 0, standard deviation 1. (In two dimensions equal
 * strength in every octave is an amplitude of 1/f.)
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

/** Adds a lattice of normal values `spacing` apart, moved by a random share of it and interpolated by smoothstep. */
function addOctave(sum: Float32Array, size: number, spacing: number, draw: Random): void {
  const cells = Math.ceil(size / spacing) + 2;
  const lattice = Float32Array.from({ length: cells * cells }, () => draw.normal());
  const places = (offset: number) => {
    const cell = new Int32Array(size);
    const share = new Float32Array(size);
    for (let i = 0; i < size; i++) {
      const at = i / spacing + offset;
      cell[i] = Math.floor(at);
      const t = at - cell[i];
      share[i] = t * t * (3 - 2 * t);
    }
    return { cell, share };
  };
  const [columns, rows] = [places(draw.uniform()), places(draw.uniform())];
  // The lattice at the height of one row of pixels: interpolating down first leaves one step for every pixel.
  const line = new Float32Array(cells);
  for (let y = 0; y < size; y++) {
    const above = rows.cell[y] * cells;
    const down = rows.share[y];
    for (let c = 0; c < cells; c++) line[c] = lattice[above + c] * (1 - down) + lattice[above + cells + c] * down;
    for (let x = 0; x < size; x++) {
      const c = columns.cell[x];
      const across = columns.share[x];
      sum[y * size + x] += line[c] * (1 - across) + line[c + 1] * across;
    }
  }
}
