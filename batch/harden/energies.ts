/**
 * What a detector that has no network looks at: how much a picture has of each frequency. Of each of the 64 waves of
 * the discrete cosine transform of 8 x 8 blocks the logarithm of its mean square.
 */

/** Pixels of a block, and waves along it. */
const side = 8;
const cells = side * side;
/** Keeps the logarithm of a wave that no block has from being -infinity. */
const floor = 1e-2;

/** Numbers of a picture of three colours. */
export const energiesOf = 3 * cells;

// A wave is even or odd about the middle of the block, so each needs half of the pixels: [wave, pixel of a half].
const halves = Float64Array.from({ length: cells / 2 }, (_, i) => {
  const [wave, at] = [Math.floor(i / (side / 2)), i % (side / 2)];
  const scale = Math.sqrt((wave === 0 ? 1 : 2) / side);
  return scale * Math.cos(((2 * at + 1) * wave * Math.PI) / (2 * side));
});

/** @param canvas [3,size,size] @returns [192]: of each colour, wave down by wave across */
export function energies(canvas: ArrayLike<number>, size: number): Float32Array {
  const blocks = Math.floor(size / side);
  const result = new Float32Array(energiesOf);
  const block = new Float64Array(cells);
  const sums = new Float64Array(cells);
  for (let channel = 0; channel < 3; channel++) {
    sums.fill(0);
    for (let index = 0; index < blocks * blocks; index++) {
      const start = (channel * size + side * Math.floor(index / blocks)) * size + side * (index % blocks);
      for (let y = 0; y < side; y++) for (let x = 0; x < side; x++) block[y * side + x] = canvas[start + y * size + x];
      for (let line = 0; line < side; line++) transform(block, line * side, 1);
      for (let line = 0; line < side; line++) transform(block, line, side);
      for (let i = 0; i < cells; i++) sums[i] += block[i] * block[i];
    }
    for (let i = 0; i < cells; i++) result[channel * cells + i] = Math.log(sums[i] / (blocks * blocks) + floor);
  }
  return result;
}

/** The waves of a line of a block, in the place of its values. */
function transform(block: Float64Array, start: number, step: number): void {
  const last = start + 7 * step;
  for (let i = 0; i < side / 2; i++) {
    const [near, far] = [block[start + i * step], block[last - i * step]];
    folded[i] = near + far;
    folded[side / 2 + i] = near - far;
  }
  for (let wave = 0; wave < side; wave++) {
    const [half, at] = [wave % 2 === 0 ? 0 : side / 2, wave * (side / 2)];
    let sum = 0;
    for (let i = 0; i < side / 2; i++) sum += folded[half + i] * halves[at + i];
    block[start + wave * step] = sum;
  }
}

/** Sums and differences of the pixels that lie opposite each other in a line. */
const folded = new Float64Array(side);
