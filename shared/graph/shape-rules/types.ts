import { GraphError } from '../errors.ts';
import type { Facts } from '../facts.ts';
import { type Dim, intsAttribute, type Node, type ValueType } from '../model.ts';
import { listOf } from '../tensor.ts';

export type Known = { type: ValueType['type']; shape: Dim[] };

/** Types and shapes of a node's outputs from those of its inputs; undefined where they cannot be told. */
export type ShapeRule = (node: Node, inputs: Known[], facts: Facts) => (ValueType | undefined)[];

/** The shape that shapes broadcast to. Two different names are taken to be the same size at run time. */
export function broadcastDims(...shapes: Dim[][]): Dim[] {
  const rank = shapes.reduce((most, { length }) => Math.max(most, length), 0);
  return Array.from({ length: rank }, (_, axis) => {
    const dims = shapes.map((shape) => shape[axis - rank + shape.length] ?? 1).filter((dim) => dim !== 1);
    const sizes = new Set(dims.filter((dim) => typeof dim === 'number'));
    if (sizes.size > 1)
      throw new GraphError(
        `Shapes ${shapes
          .slice(0, 3)
          .map((shape) => `[${shape}]`)
          .join(' and ')} do not broadcast. The model contradicts itself, or its input shape is wrong.`,
      );
    return dims.find((dim) => typeof dim === 'number') ?? dims[0] ?? 1;
  });
}

/** Integers that newer operator sets take from an input and older ones from an attribute. */
export const constantInts = (
  node: Node,
  input: number,
  name: string,
  facts: Facts,
  longest?: number,
): number[] | undefined => {
  const tensor = facts.constants.get(node.inputs[input]);
  return tensor ? listOf(tensor, longest) : intsAttribute(node, name, longest);
};

/** Shapes have a few sizes; index tables are not looked into. */
export const longestVector = 256;

/** An integer vector as far as it is known, symbolic sizes included. */
export const vectorOf = (name: string, facts: Facts): Dim[] | undefined => {
  const tensor = facts.constants.get(name);
  if (!tensor) return facts.vectors.get(name);
  if (tensor.data.length > longestVector) return undefined;
  return tensor.type === 'int64' || tensor.type === 'int32' || tensor.type === 'bool'
    ? listOf(tensor, longestVector)
    : undefined;
};
