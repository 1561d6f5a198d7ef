// What a detector without a network looks at: how much of each frequency a picture has.

const side = 8;
const basis = Float64Array.from({ length: side * side }, (_, i) => {
  const [frequency, at] = [Math.floor(i / side), i % side];
  const scale = Math.sqrt((frequency === 0 ? 1 : 2) / side);
  return scale * Math.cos(((2 * at + 1) * frequency * Math.PI) / (2 * side));
});

/** Of each of the 64 coefficients of 8 x 8 blocks, for each colour: the logarithm of its mean square, [192]. */
export function dctEnergies(canvas: ArrayLike<number>, size: number): Float32Array {
  const blocks = Math.floor(size / side);
  const energies = new Float32Array(3 * side * side);
  const rows = new Float64Array(side * side);
  for (let channel = 0; channel < 3; channel++) {
    const sums = new Float64Array(side * side);
    for (let block = 0; block < blocks * blocks; block++) {
      const start = (channel * size + side * Math.floor(block / blocks)) * size + side * (block % blocks);
      for (let y = 0; y < side; y++) {
        for (let u = 0; u < side; u++) {
          let sum = 0;
          for (let x = 0; x < side; x++) sum += basis[u * side + x] * canvas[start + y * size + x];
          rows[y * side + u] = sum;
        }
      }
      for (let v = 0; v < side; v++) {
        for (let u = 0; u < side; u++) {
          let sum = 0;
          for (let y = 0; y < side; y++) sum += basis[v * side + y] * rows[y * side + u];
          sums[v * side + u] += sum * sum;
        }
      }
    }
    for (let i = 0; i < sums.length; i++) {
      energies[channel * sums.length + i] = Math.log(sums[i] / (blocks * blocks) + 1e-2);
    }
  }
  return energies;
}
