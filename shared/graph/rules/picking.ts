// Operators that pick elements, or put them somewhere: the gradient goes back where the element came from.
import type { Builder } from '../builder.ts';
import { GraphError } from '../errors.ts';
import { positiveAxis } from '../evaluate.ts';
import { at, attribute, describe, int, text } from '../model.ts';
import { floats, listOf, numbers } from '../tensor.ts';
import { type Rule, type Step, simple } from './types.ts';

/** Selection matrices beyond this many elements cost more than scattering. */
const largestMatrix = 2 ** 20;

/**
 * A constant selection is a product with a 0/1 matrix, where that is small; a permutation is undone by the opposite
 * selection.
 */
const gather: Rule = simple((gradient, { node, b }) => {
  const [x, indicesName] = node.inputs;
  const shape = b.shape(x);
  const axis = positiveAxis(attribute(node, 'axis', 0), shape.length);
  const indices = b.facts.constants.get(indicesName);
  const size = shape[axis];
  if (!indices || typeof size !== 'number' || size * indices.data.length > largestMatrix)
    return [scattered(b, gradient, x, axis, indicesName)];
  const picked = numbers(indices).map((index) => positiveAxis(index, size));
  let rows = gradient;
  if (indices.shape.length === 0) rows = b.add('Unsqueeze', [gradient, b.ints([axis])]);
  else if (indices.shape.length > 1)
    rows = b.add('Reshape', [
      gradient,
      b.shapeVector([...shape.slice(0, axis), picked.length, ...shape.slice(axis + 1)], gradient),
    ]);
  if (picked.length === size && new Set(picked).size === size) {
    const opposite = new Array<number>(size);
    for (const [i, index] of picked.entries()) opposite[index] = i;
    return [b.add('Gather', [rows, b.ints(opposite)], { axis: int(axis) })];
  }
  if (picked.every((index, i) => index === picked[0] + i)) return [between(b, rows, axis, picked[0], size)];
  const matrix = new Float32Array(size * picked.length);
  for (const [i, index] of picked.entries()) matrix[i * size + index] = 1;
  const order = shape.map((_, i) => i);
  const last = order.length - 1;
  const swapped = order.map((i) => (i === axis ? last : i === last ? axis : i));
  const product = b.add('MatMul', [b.transpose(rows, swapped), b.constant(floats(matrix, [picked.length, size]))]);
  return [b.transpose(product, swapped)];
});

/**
 * Whatever the indices are, every picked slice is added back to where it came from: with the picked axis in front, that
 * is a ScatterND.
 */
function scattered(b: Builder, gradient: string, x: string, axis: number, indices: string): string {
  const rank = b.shape(x).length;
  const depth = b.shape(indices).length;
  const front = [axis, ...Array.from({ length: rank }, (_, i) => i).filter((i) => i !== axis)];
  const picked = Array.from({ length: depth }, (_, i) => axis + i);
  const others = Array.from({ length: rank - 1 + depth }, (_, i) => i).filter((i) => !picked.includes(i));
  const zeros = b.transpose(b.zerosLike(x), front);
  const where = b.add('Unsqueeze', [indices, b.ints([depth])]);
  const slices = b.transpose(gradient, [...picked, ...others]);
  const sum = b.add('ScatterND', [zeros, where, slices], { reduction: text('add') });
  return b.transpose(
    sum,
    front.map((_, i) => front.indexOf(i)),
  );
}

/** Zeros around a run of neighbours, so that it stands at `start` of an axis of `size`. */
function between(b: Builder, run: string, axis: number, start: number, size: number): string {
  const shape = b.shape(run);
  const pads = [...shape, ...shape].map(() => 0);
  pads[axis] = start;
  pads[axis + shape.length] = size - start - Number(shape[axis]);
  return b.add('Pad', [run, b.ints(pads)], { mode: text('constant') });
}

/** Puts the gradient back where the slice was taken, zeros elsewhere. */
const slice: Rule = simple((gradient, { node, b }) => {
  const shape = b.shape(node.inputs[0]);
  const [starts, , axesInput, stepsInput] = node.inputs.slice(1).map((name) => b.facts.constants.get(name));
  if (!starts)
    throw new GraphError(
      `The ${describe(node)} starts where only the running model knows. Only constant slices have a rule.`,
      at(node),
    );
  const first = listOf(starts);
  const steps = stepsInput ? listOf(stepsInput) : first.map(() => 1);
  const axes = (axesInput ? listOf(axesInput) : first.map((_, i) => i)).map((axis) => positiveAxis(axis, shape.length));
  const before = shape.map(() => 0);
  const after = shape.map(() => 0);
  let result = gradient;
  for (const [i, axis] of axes.entries()) {
    const size = shape[axis];
    const length = b.shape(node.outputs[0])[axis];
    if (size === length && steps[i] === 1) continue;
    if (typeof size !== 'number' || typeof length !== 'number') {
      throw new GraphError(
        `The ${describe(node)} cuts an axis of unknown size. Only slices of known sizes have a rule.`,
        at(node),
      );
    }
    let start = Math.min(Math.max(first[i] < 0 ? first[i] + size : first[i], 0), steps[i] < 0 ? size - 1 : size);
    if (steps[i] < 0) {
      // Backwards is forwards from the other end, with what was picked turned about.
      result = reversed(b, result, axis, length);
      start += steps[i] * (length - 1);
    }
    const step = Math.abs(steps[i]);
    if (step > 1) result = spaced(b, result, axis, step);
    before[axis] = start;
    after[axis] = size - start - length * step;
  }
  if ([...before, ...after].every((size) => size === 0)) return [result];
  return [b.add('Pad', [result, b.ints([...before, ...after])], { mode: text('constant') })];
});

function reversed(b: Builder, x: string, axis: number, length: number): string {
  b.afford([length], 8 * length);
  return b.add('Gather', [x, b.ints(Array.from({ length }, (_, i) => length - 1 - i))], { axis: int(axis) });
}

/** step - 1 zeros behind every element: one more axis holds the gaps. */
function spaced(b: Builder, x: string, axis: number, step: number): string {
  const shape = b.shape(x);
  const widened = b.add('Unsqueeze', [x, b.ints([axis + 1])]);
  const pads = [...shape, 1].flatMap(() => [0, 0]);
  pads[shape.length + 1 + axis + 1] = step - 1;
  const padded = b.add('Pad', [widened, b.ints(pads)], { mode: text('constant') });
  return b.add('Reshape', [padded, b.shapeVector(shape.with(axis, Number(shape[axis]) * step), x)]);
}

const gatherElements: Rule = simple((gradient, { node, b }) => [
  b.add('ScatterElements', [b.zerosLike(node.inputs[0]), node.inputs[1], gradient], {
    axis: int(attribute(node, 'axis', 0)),
    reduction: text('add'),
  }),
]);

const gatherND: Rule = simple((gradient, { node, b }) => {
  if (attribute(node, 'batch_dims', 0) !== 0)
    throw new GraphError(`The ${describe(node)} has batch_dims, which have no rule. Export it without.`, at(node));
  const zeros = b.zerosLike(node.inputs[0]);
  return [b.add('ScatterND', [zeros, node.inputs[1], gradient], { reduction: text('add') })];
});

/**
 * Of data and updates. What updates overwrote has no gradient; where several updates meet, which one stays is not
 * defined.
 */
const scatter = (
  read: (step: Step, gradient: string) => string,
  write: (step: Step, gradient: string, zeros: string) => string,
): Rule =>
  simple((gradient, step) => {
    const { node, b, needs } = step;
    if (attribute(node, 'reduction', 'none') !== 'none')
      throw new GraphError(
        `The ${describe(node)} reduces what it scatters, which has no rule. Export it without.`,
        at(node),
      );
    return [
      needs(0) ? write(step, gradient, b.zerosLike(node.inputs[2])) : undefined,
      undefined,
      needs(2) ? read(step, gradient) : undefined,
    ];
  });

/** Of the values alone: their places change by steps. */
const topK: Rule = simple((gradient, { node, b }) => {
  const [x] = node.inputs;
  const axis = { axis: int(attribute(node, 'axis', -1)) };
  const places = node.outputs[1] || b.addMany('TopK', node.inputs, 2, node.attributes)[1];
  return [b.add('ScatterElements', [b.zerosLike(x), places, gradient], axis)];
});

const axisOf = ({ node }: Step) => ({ axis: int(attribute(node, 'axis', 0)) });

export const picking: Record<string, Rule> = {
  Gather: gather,
  Slice: slice,
  GatherElements: gatherElements,
  GatherND: gatherND,
  TopK: topK,
  ScatterElements: scatter(
    (step, gradient) => step.b.add('GatherElements', [gradient, step.node.inputs[1]], axisOf(step)),
    (step, gradient, zeros) => step.b.add('ScatterElements', [gradient, step.node.inputs[1], zeros], axisOf(step)),
  ),
  ScatterND: scatter(
    ({ node, b }, gradient) => b.add('GatherND', [gradient, node.inputs[1]]),
    ({ node, b }, gradient, zeros) => b.add('ScatterND', [gradient, node.inputs[1], zeros]),
  ),
};
