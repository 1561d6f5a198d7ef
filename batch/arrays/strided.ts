import type { Numbers } from './named-array.ts';

/**
 * An array in C order from numbers that lie with strides, as PyTorch and MATLAB keep them.
 * @param shape with `strides` as many, in numbers; the caller has checked that all of it lies within `numbers`
 */
export function inCOrder(
  numbers: Numbers,
  count: number,
  shape: readonly number[],
  strides: readonly number[],
  offset = 0,
): Float64Array {
  const data = new Float64Array(count);
  const index = shape.map(() => 0);
  let at = offset;
  for (let i = 0; i < count; i++) {
    data[i] = Number(numbers[at]);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      at += strides[axis];
      if (++index[axis] < shape[axis]) break;
      at -= strides[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return data;
}
