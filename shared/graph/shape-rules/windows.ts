import { GraphError } from '../errors.ts';
import { positiveAxis } from '../evaluate.ts';
import { at, attribute, type Dim, describe, intsAttribute, type Node } from '../model.ts';
import { listOf } from '../tensor.ts';
import { transposedWindowOf, windowOf } from '../windows.ts';
import { type Known, type ShapeRule, vectorOf } from './types.ts';

const windowed: ShapeRule = (node, [x, w]) => {
  const weights = node.operator === 'Conv' ? w.shape : undefined;
  if (weights) checkChannels(node, x.shape, weights);
  const { outputs } = windowOf(node, x.shape, weights?.slice(2));
  const result: Known = { type: x.type, shape: [x.shape[0], weights ? weights[0] : x.shape[1], ...outputs] };
  return [result, { type: 'int64', shape: result.shape }];
};

function checkChannels(node: Node, [, channels]: Dim[], [outputs, inputs]: Dim[]): void {
  const group = attribute(node, 'group', 1);
  const known = typeof channels === 'number' && typeof inputs === 'number' && typeof outputs === 'number';
  if (group >= 1 && (!known || (channels === inputs * group && outputs % group === 0))) return;
  throw new GraphError(
    `The ${describe(node)} has weights from ${inputs} to ${outputs} channels in ${group} groups, and an input of ${channels} channels. The model contradicts itself.`,
    at(node),
  );
}

const transposed: ShapeRule = (node, [x, w]) => {
  const { outputs } = transposedWindowOf(node, x.shape, w.shape.slice(2));
  const channels = w.shape[1];
  if (typeof channels !== 'number')
    throw new GraphError(
      `The weights of ${describe(node)} have no fixed size. Only constant kernels are supported.`,
      at(node),
    );
  return [{ type: x.type, shape: [x.shape[0], channels * attribute(node, 'group', 1), ...outputs] }];
};

const globalPool: ShapeRule = (_, [x]) => [{ type: x.type, shape: x.shape.map((dim, axis) => (axis < 2 ? dim : 1)) }];

const resize: ShapeRule = (node, [x], facts) => {
  const rank = x.shape.length;
  const axes = intsAttribute(node, 'axes')?.map((axis) => positiveAxis(axis, rank)) ?? x.shape.map((_, i) => i);
  const unknown = (axis: number) => `${node.outputs[0]}.${axis}`;
  const shape = x.shape.slice();
  if (node.inputs[3]) {
    const sizes = vectorOf(node.inputs[3], facts);
    for (const [i, axis] of axes.entries()) {
      const size: Dim = sizes?.[i] ?? unknown(axis);
      // A size that an export for one image wrote down for the batch is no resizing.
      if (axis > 0 || typeof x.shape[0] === 'number') shape[axis] = size;
    }
    return [{ type: x.type, shape }];
  }
  const scales = facts.constants.get(node.inputs[2]);
  if (!scales) return [{ type: x.type, shape: x.shape.map((_, axis) => unknown(axis)) }];
  const factors = listOf(scales);
  for (const [i, axis] of axes.entries()) {
    const dim = x.shape[axis];
    if (factors[i] !== 1) shape[axis] = typeof dim === 'number' ? Math.floor(dim * factors[i]) : unknown(axis);
  }
  return [{ type: x.type, shape }];
};

/** What slides a window over pixels, or resizes them. */
export const windows: Record<string, ShapeRule> = {
  Conv: windowed,
  MaxPool: windowed,
  AveragePool: windowed,
  LpPool: windowed,
  ConvTranspose: transposed,
  GlobalAveragePool: globalPool,
  GlobalMaxPool: globalPool,
  GlobalLpPool: globalPool,
  Resize: resize,
  GridSample: (_, [x, grid]) => [{ type: x.type, shape: [...x.shape.slice(0, 2), ...grid.shape.slice(1, -1)] }],
};
