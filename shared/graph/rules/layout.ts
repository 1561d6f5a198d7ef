import { GraphError } from '../errors.ts';
import { positiveAxis } from '../evaluate.ts';
import { at, attribute, describe, int, ints, intsAttribute, text } from '../model.ts';
import { floats, numbers } from '../tensor.ts';
import { type Rule, simple } from './types.ts';

const pass: Rule = simple((gradient) => [gradient]);
const reshape: Rule = simple((gradient, { node, b }) => [b.reshapeLike(gradient, node.inputs[0])]);

const transpose: Rule = simple((gradient, { node, b }) => {
  const rank = b.shape(node.inputs[0]).length;
  const order = intsAttribute(node, 'perm') ?? Array.from({ length: rank }, (_, axis) => rank - 1 - axis);
  return [
    b.transpose(
      gradient,
      order.map((_, axis) => order.indexOf(axis)),
    ),
  ];
});

const expand: Rule = simple((gradient, { node, b }) => [b.sumTo(gradient, b.shape(node.inputs[0]))]);

const pad: Rule = simple((gradient, { node, b }) => {
  const mode = attribute(node, 'mode', 'constant');
  const pads = node.inputs[1] ? b.facts.constants.get(node.inputs[1]) : undefined;
  if (mode !== 'constant' || !pads || node.inputs[3])
    throw new GraphError(
      `The ${describe(node)} pads by "${mode}" or by sizes that are not constant. Only constant padding has a rule.`,
      at(node),
    );
  const sizes = numbers(pads);
  const rank = sizes.length / 2;
  const touched = Array.from({ length: rank }, (_, axis) => axis).filter(
    (axis) => sizes[axis] !== 0 || sizes[axis + rank] !== 0,
  );
  if (touched.length === 0) return [gradient];
  if (sizes.some((size) => size < 0)) {
    // Negative padding crops: padding by the opposite amounts undoes both at once.
    return [b.add('Pad', [gradient, b.ints(sizes.map((size) => -size))], { mode: text('constant') })];
  }
  const ends = touched.map((axis) => (sizes[axis + rank] === 0 ? Number.MAX_SAFE_INTEGER : -sizes[axis + rank]));
  return [b.add('Slice', [gradient, b.ints(touched.map((axis) => sizes[axis])), b.ints(ends), b.ints(touched)])];
});

/** Puts the gradient back where the slice was taken, zeros elsewhere. */
const slice: Rule = simple((gradient, { node, b }) => {
  const shape = b.shape(node.inputs[0]);
  const [starts, , axesInput, stepsInput] = node.inputs.slice(1).map((name) => b.facts.constants.get(name));
  if (!starts)
    throw new GraphError(
      `The ${describe(node)} starts where only the running model knows. Only constant slices have a rule.`,
      at(node),
    );
  const first = numbers(starts);
  const steps = stepsInput ? numbers(stepsInput) : first.map(() => 1);
  const axes = (axesInput ? numbers(axesInput) : first.map((_, i) => i)).map((axis) =>
    positiveAxis(axis, shape.length),
  );
  const before = shape.map(() => 0);
  const after = shape.map(() => 0);
  let result = gradient;
  for (const [i, axis] of axes.entries()) {
    const size = shape[axis];
    const length = b.shape(node.outputs[0])[axis];
    if (size === length && steps[i] === 1) continue;
    if (typeof size !== 'number' || typeof length !== 'number' || steps[i] < 1) {
      throw new GraphError(
        `The ${describe(node)} has a negative step or cuts an axis of unknown size. Only forward slices of known sizes have a rule.`,
        at(node),
      );
    }
    const start = Math.min(Math.max(first[i] < 0 ? first[i] + size : first[i], 0), size);
    const step = steps[i];
    if (step > 1) {
      // One more axis holds the gaps between the elements that were taken.
      const shapeOf = b.shape(result);
      const widened = b.add('Unsqueeze', [result, b.ints([axis + 1])]);
      const pads = [...shapeOf, 1].flatMap(() => [0, 0]);
      pads[shapeOf.length + 1 + axis + 1] = step - 1;
      const padded = b.add('Pad', [widened, b.ints(pads)], { mode: text('constant') });
      result = b.add('Reshape', [
        padded,
        b.shapeVector(
          shapeOf.map((dim, at) => (at === axis ? length * step : dim)),
          result,
        ),
      ]);
    }
    before[axis] = start;
    after[axis] = size - start - length * step;
  }
  if ([...before, ...after].every((size) => size === 0)) return [result];
  return [b.add('Pad', [result, b.ints([...before, ...after])], { mode: text('constant') })];
});

/** A constant selection is a product with a 0/1 matrix; a permutation is undone by the opposite selection. */
const gather: Rule = simple((gradient, { node, b }) => {
  const [x, indicesName] = node.inputs;
  const shape = b.shape(x);
  const axis = positiveAxis(attribute(node, 'axis', 0), shape.length);
  const indices = b.facts.constants.get(indicesName);
  const size = shape[axis];
  if (!indices || typeof size !== 'number')
    throw new GraphError(
      `The ${describe(node)} selects by indices that are not constant, or from an axis of unknown size. Only constant indices have a rule.`,
      at(node),
    );
  const picked = numbers(indices).map((index) => positiveAxis(index, size));
  let rows = gradient;
  if (indices.shape.length === 0) rows = b.add('Unsqueeze', [gradient, b.ints([axis])]);
  else if (indices.shape.length > 1)
    rows = b.add('Reshape', [
      gradient,
      b.shapeVector([...shape.slice(0, axis), picked.length, ...shape.slice(axis + 1)], gradient),
    ]);
  if (picked.length === size && new Set(picked).size === size) {
    return [b.add('Gather', [rows, b.ints(picked.map((_, i) => picked.indexOf(i)))], { axis: int(axis) })];
  }
  const matrix = new Float32Array(size * picked.length);
  for (const [i, index] of picked.entries()) matrix[i * size + index] = 1;
  const order = shape.map((_, i) => i);
  const last = order.length - 1;
  const swapped = order.map((i) => (i === axis ? last : i === last ? axis : i));
  const product = b.add('MatMul', [b.transpose(rows, swapped), b.constant(floats(matrix, [picked.length, size]))]);
  return [b.transpose(product, swapped)];
});

/** Enlarging by whole factors, nearest neighbour: every input pixel became a block, whose gradients add up. */
const resize: Rule = simple((gradient, { node, b }) => {
  const from = b.shape(node.inputs[0]);
  const to = b.shape(node.outputs[0]);
  const factors = from.map((dim, axis) => (dim === to[axis] ? 1 : Number(to[axis]) / Number(dim)));
  if (
    attribute(node, 'mode', 'nearest') !== 'nearest' ||
    factors.some((factor) => !Number.isInteger(factor) || factor < 1)
  ) {
    throw new GraphError(
      `The ${describe(node)} resizes [${from}] to [${to}]. Only nearest-neighbour enlargement by whole factors has a rule.`,
      at(node),
    );
  }
  const blocks = from.flatMap((dim, axis) => (factors[axis] === 1 ? [dim] : [dim, factors[axis]]));
  const split = b.add('Reshape', [gradient, b.shapeVector(blocks, gradient)]);
  const summed: number[] = [];
  for (let axis = 0, position = 0; axis < from.length; axis++, position++)
    if (factors[axis] !== 1) summed.push(++position);
  return [summed.length > 0 ? b.sum(split, summed, false) : gradient];
});

const depthToSpace: Rule = simple((gradient, { node, b }) => {
  const block = attribute(node, 'blocksize', 1);
  const [n, c, h, w] = b.shape(node.inputs[0]);
  const split = b.add('Reshape', [gradient, b.shapeVector([n, Number(c) / block ** 2, h, block, w, block], gradient)]);
  const order = attribute(node, 'mode', 'DCR') === 'DCR' ? [0, 3, 5, 1, 2, 4] : [0, 1, 3, 5, 2, 4];
  return [b.reshapeLike(b.add('Transpose', [split], { perm: ints(order) }), node.inputs[0])];
});

export const layout: Record<string, Rule> = {
  Identity: pass,
  Dropout: pass,
  Cast: pass,
  Reshape: reshape,
  Flatten: reshape,
  Squeeze: reshape,
  Unsqueeze: reshape,
  Transpose: transpose,
  Expand: expand,
  Pad: pad,
  Slice: slice,
  Gather: gather,
  Resize: resize,
  DepthToSpace: depthToSpace,
};
