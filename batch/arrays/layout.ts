/** Which shapes a perturbation may have in a file, and how its numbers come out of them. */
import type { Numbers } from './named-array.ts';

export const layouts = ['CHW', 'HWC'] as const;
export type Layout = (typeof layouts)[number];
export const orders = ['RGB', 'BGR'] as const;
export type Order = (typeof orders)[number];

/** One way to understand a shape. */
export interface Place {
  layout: Layout;
  /** Side in pixels. */
  size: number;
  /** Where several perturbations lie in one array: how many, and how far apart in numbers the next one begins. */
  stack: { count: number; stride: number } | null;
  /** Between neighbours of each axis, in numbers. */
  strides: { channel: number; row: number; column: number };
}

/**
 * Every way to understand a shape as a perturbation or a stack of them, the likeliest first; axes of 1 count for
 * nothing. A stack lies along the first axis, or, as MATLAB has it, along the last one.
 */
export function placesOf(shape: readonly number[]): Place[] {
  const sides = shape.filter((side) => side !== 1);
  const stridesOf = sides.map((_, axis) => sides.slice(axis + 1).reduce((product, side) => product * side, 1));
  const at = (from: number, stack: number | null): Place[] => {
    const [a, b, c] = sides.slice(from, from + 3);
    const [x, y, z] = stridesOf.slice(from, from + 3);
    const of = stack === null ? null : { count: sides[stack], stride: stridesOf[stack] };
    return [
      ...(a === 3 && b === c
        ? [{ layout: 'CHW' as const, size: b, stack: of, strides: { channel: x, row: y, column: z } }]
        : []),
      ...(c === 3 && a === b
        ? [{ layout: 'HWC' as const, size: a, stack: of, strides: { channel: z, row: x, column: y } }]
        : []),
    ];
  };
  if (sides.length === 3) return at(0, null);
  return sides.length === 4 ? [...at(1, 0), ...at(0, 3)] : [];
}

/** One perturbation as RGB planes. @param index in a stack */
export function planesOf(data: Numbers, { size, stack, strides }: Place, index: number, order: Order): Float32Array {
  const v = new Float32Array(3 * size * size);
  const start = stack ? index * stack.stride : 0;
  for (let channel = 0, i = 0; channel < 3; channel++) {
    const from = start + (order === 'RGB' ? channel : 2 - channel) * strides.channel;
    for (let y = 0; y < size; y++)
      for (let x = 0; x < size; x++, i++) v[i] = Number(data[from + y * strides.row + x * strides.column]);
  }
  return v;
}
