import { mirrored, round8 } from '#shared/images';

/** A canvas [3,size,size] blurred by a Gaussian, cut off at three standard deviations; mirrored at the edge. */
export function blurred(canvas: Uint8Array, size: number, sigma: number): Uint8Array {
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
