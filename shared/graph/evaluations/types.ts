import type { Budget } from '../budget.ts';
import { intsAttribute, type Node } from '../model.ts';
import { listOf, type Tensor } from '../tensor.ts';

/**
 * Computes a node from constant inputs; undefined where this case is left to the runtime. What it makes is taken from
 * the budget first: the sizes come from the file.
 */
export type Evaluation = (node: Node, inputs: (Tensor | undefined)[], budget: Budget) => Tensor | Tensor[] | undefined;

export const positiveAxis = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis);

/** The axes of Squeeze, Unsqueeze and the reductions, an attribute in old operator sets and an input in new ones. */
export const axesOf = (node: Node, input: Tensor | undefined): number[] | undefined =>
  input ? listOf(input) : intsAttribute(node, 'axes');

/** The shape two shapes broadcast to, or undefined when they do not fit. */
export function broadcastShape(a: readonly number[], b: readonly number[]): number[] | undefined {
  const rank = Math.max(a.length, b.length);
  const shape: number[] = [];
  for (let axis = 0; axis < rank; axis++) {
    const left = a[axis - rank + a.length] ?? 1;
    const right = b[axis - rank + b.length] ?? 1;
    if (left !== right && left !== 1 && right !== 1) return undefined;
    shape.push(left === 1 ? right : left);
  }
  return shape;
}
