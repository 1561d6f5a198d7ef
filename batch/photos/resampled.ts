import { type Contribution, round8 } from '#shared/images';

/**
 * A canvas [3,size,size] of whole numbers resampled along both axes.
 * @param columns of each pixel of a row of the result, and `rows` of each of its rows: as many, which are its side
 * @param across room for [3,size,side], what is resampled along rows alone; its precision is that of these numbers
 * @returns [3,side,side], of whole numbers
 */
export function resampled(
  canvas: Uint8Array,
  size: number,
  columns: readonly Contribution[],
  rows: readonly Contribution[],
  across: Float32Array | Float64Array = new Float64Array(3 * size * columns.length),
): Uint8Array {
  const side = columns.length;
  for (let line = 0; line < 3 * size; line++) {
    for (const [x, { first, weights }] of columns.entries()) {
      let sum = 0;
      for (let k = 0; k < weights.length; k++) sum += weights[k] * canvas[line * size + first + k];
      across[line * side + x] = sum;
    }
  }
  const result = new Uint8Array(3 * side * side);
  for (let channel = 0; channel < 3; channel++) {
    for (const [y, { first, weights }] of rows.entries()) {
      for (let x = 0; x < side; x++) {
        let sum = 0;
        for (let k = 0; k < weights.length; k++) sum += weights[k] * across[(channel * size + first + k) * side + x];
        result[(channel * side + y) * side + x] = round8(sum);
      }
    }
  }
  return result;
}
