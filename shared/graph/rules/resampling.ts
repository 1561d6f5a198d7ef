// Operators that are linear along single axes: Resize and Pad. Their gradients are products with the transposed matrix
// of each axis.
import type { Builder } from '../builder.ts';
import { GraphError } from '../errors.ts';
import { paddedPositions, positiveAxis } from '../evaluate.ts';
import { at, attribute, describe, intsAttribute, type Node, text } from '../model.ts';
import { floats, listOf } from '../tensor.ts';
import { type Contribution, type Rule, type Step, simple, withoutGradient, zero } from './types.ts';

/** Row-major [outputs, inputs]: what each output takes from each input along one axis. */
interface Matrix {
  outputs: number;
  inputs: number;
  weights: Float32Array;
}

/** The gradient of y = matrix x along `axis`, from the gradient of y. */
function transposedAlong(b: Builder, gradient: string, axis: number, { outputs, inputs, weights }: Matrix): string {
  const last = b.shape(gradient).length - 1;
  if (axis === last - 1) {
    const turned = new Float32Array(weights.length);
    for (let o = 0; o < outputs; o++)
      for (let i = 0; i < inputs; i++) turned[i * outputs + o] = weights[o * inputs + i];
    return b.add('MatMul', [b.constant(floats(turned, [inputs, outputs]), 'matrix'), gradient]);
  }
  const matrix = b.constant(floats(weights, [outputs, inputs]), 'matrix');
  const order = b.shape(gradient).map((_, i) => (i === axis ? last : i === last ? axis : i));
  return b.transpose(b.add('MatMul', [b.transpose(gradient, order), matrix]), order);
}

type Coordinate = (output: number, sizes: { from: number; to: number; scale: number }) => number;

// The formulas of https://onnx.ai/onnx/operators/onnx__Resize.html for coordinate_transformation_mode.
const coordinates: Record<string, Coordinate> = {
  half_pixel: (o, { scale }) => (o + 0.5) / scale - 0.5,
  half_pixel_symmetric: (o, { from, to, scale }) => {
    const centre = from / 2;
    return centre - (centre * to) / (scale * from) + (o + 0.5) / scale - 0.5;
  },
  pytorch_half_pixel: (o, { to, scale }) => (to > 1 ? (o + 0.5) / scale - 0.5 : 0),
  align_corners: (o, { from, to }) => (to === 1 ? 0 : (o * (from - 1)) / (to - 1)),
  asymmetric: (o, { scale }) => o / scale,
};

const nearest: Record<string, (x: number) => number> = {
  round_prefer_floor: (x) => Math.ceil(x - 0.5),
  round_prefer_ceil: (x) => Math.floor(x + 0.5),
  floor: Math.floor,
  ceil: Math.ceil,
};

/**
 * Weights of the taps around x, by the offset from floor(x). Cubic: R. Keys, "Cubic convolution interpolation", 1981.
 */
function taps(mode: string, x: number, a: number): [number, number][] {
  const t = x - Math.floor(x);
  if (mode === 'linear') {
    return [
      [0, 1 - t],
      [1, t],
    ];
  }
  const near = (d: number) => ((a + 2) * d - (a + 3)) * d * d + 1;
  const far = (d: number) => ((a * d - 5 * a) * d + 8 * a) * d - 4 * a;
  return [
    [-1, far(t + 1)],
    [0, near(t)],
    [1, near(1 - t)],
    [2, far(2 - t)],
  ];
}

/** What Resize does along one axis from `from` to `to` elements. */
function resizeMatrix(b: Builder, node: Node, from: number, to: number, scale: number): Matrix {
  const mode = attribute(node, 'mode', 'nearest');
  const transformation = attribute(node, 'coordinate_transformation_mode', 'half_pixel');
  const coordinate = Object.hasOwn(coordinates, transformation) ? coordinates[transformation] : undefined;
  if (!coordinate || !['nearest', 'linear', 'cubic'].includes(mode) || attribute(node, 'antialias', 0))
    throw new GraphError(
      `The ${describe(node)} resizes by ${mode}, ${transformation}${attribute(node, 'antialias', 0) ? ', antialiased' : ''}, which has no rule. Export it with one of ${Object.keys(coordinates).join(', ')}, not antialiased.`,
      at(node),
    );
  b.afford([to, from], 32 * to);
  const weights = new Float32Array(to * from);
  const inside = (i: number) => Math.min(from - 1, Math.max(0, i));
  for (let o = 0; o < to; o++) {
    const x = coordinate(o, { from, to, scale });
    if (mode === 'nearest') {
      weights[o * from + inside(nearest[attribute(node, 'nearest_mode', 'round_prefer_floor')](x))] = 1;
      continue;
    }
    const position = mode === 'linear' ? Math.min(from - 1, Math.max(0, x)) : x;
    const around = taps(mode, position, attribute(node, 'cubic_coeff_a', -0.75));
    const exclude = attribute(node, 'exclude_outside', 0) === 1;
    const used = around.filter(
      ([offset]) => !exclude || inside(Math.floor(position) + offset) === Math.floor(position) + offset,
    );
    const total = exclude ? used.reduce((sum, [, weight]) => sum + weight, 0) : 1;
    for (const [offset, weight] of used) weights[o * from + inside(Math.floor(position) + offset)] += weight / total;
  }
  return { outputs: to, inputs: from, weights };
}

const resize: Rule = simple((gradient, { node, b, needs }) => {
  // Scales decide how large the result is, in steps.
  if (needs(2)) throw withoutGradient(node, 2);
  const [from, to] = [b.shape(node.inputs[0]), b.shape(node.outputs[0])];
  const axes = intsAttribute(node, 'axes')?.map((axis) => positiveAxis(axis, from.length)) ?? from.map((_, i) => i);
  const given = node.inputs[3] ? undefined : b.facts.constants.get(node.inputs[2]);
  let result = gradient;
  for (const [i, axis] of axes.entries()) {
    const [inputs, outputs] = [from[axis], to[axis]];
    if (inputs === outputs) continue;
    if (typeof inputs !== 'number' || typeof outputs !== 'number')
      throw new GraphError(
        `The ${describe(node)} resizes [${from}] to [${to}], of which not every size is known. Give the model's input a fixed height and width.`,
        at(node),
      );
    const scale = given ? Number(given.data[i]) : outputs / inputs;
    const blocks = wholeBlocks(b, node, result, axis, inputs, outputs);
    result = blocks ?? transposedAlong(b, result, axis, resizeMatrix(b, node, inputs, outputs, scale));
  }
  // The region of interest is looked at by tf_crop_and_resize alone, which has no rule.
  return [result, zero];
});

/** Nearest-neighbour enlargement by a whole factor repeats every element: the gradients of the repetitions add up. */
function wholeBlocks(b: Builder, node: Node, gradient: string, axis: number, inputs: number, outputs: number) {
  const factor = outputs / inputs;
  if (attribute(node, 'mode', 'nearest') !== 'nearest' || !Number.isInteger(factor)) return undefined;
  const matrix = resizeMatrix(b, node, inputs, outputs, factor);
  const repeats = Array.from({ length: outputs }, (_, o) => matrix.weights[o * inputs + Math.floor(o / factor)]);
  if (repeats.some((weight) => weight !== 1)) return undefined;
  const shape = b.shape(gradient);
  const split = b.add('Reshape', [
    gradient,
    b.shapeVector([...shape.slice(0, axis), inputs, factor, ...shape.slice(axis + 1)], gradient),
  ]);
  return b.sum(split, [axis + 1], false);
}

const pad: Rule = simple((gradient, step) => {
  const { node, needs } = step;
  return [toPadded(gradient, step), undefined, node.inputs[2] && needs(2) ? toPadding(gradient, step) : undefined];
});

/** The constant that is padded with takes the gradients of all that was added; other modes do not look at it. */
function toPadding(gradient: string, { node, b }: Step): Contribution {
  if (attribute(node, 'mode', 'constant') !== 'constant') return zero;
  const [x, pads, value, axes] = node.inputs;
  const added = b.add('Pad', [b.zerosLike(x), pads, b.scalar(1), ...(axes ? [axes] : [])], { mode: text('constant') });
  const all = b.shape(gradient).map((_, axis) => axis);
  return b.reshapeLike(b.sum(b.mul(gradient, added), all, false), value);
}

function toPadded(gradient: string, { node, b }: Step): string {
  const mode = attribute(node, 'mode', 'constant');
  const pads = b.facts.constants.get(node.inputs[1]);
  const axesInput = node.inputs[3] ? b.facts.constants.get(node.inputs[3]) : undefined;
  if (!pads || (node.inputs[3] && !axesInput))
    throw new GraphError(
      `The ${describe(node)} pads by sizes that are not constant, which has no rule. Give the model's input a fixed height and width.`,
      at(node),
    );
  const shape = b.shape(node.inputs[0]);
  const amounts = listOf(pads);
  const axes = axesInput ? listOf(axesInput).map((axis) => positiveAxis(axis, shape.length)) : shape.map((_, i) => i);
  const touched = axes.flatMap((axis, i) => {
    const [before, after] = [amounts[i], amounts[i + axes.length]];
    return before === 0 && after === 0 ? [] : [{ axis, before, after }];
  });
  if (touched.length === 0) return gradient;
  if (mode !== 'constant') {
    return touched.reduce((result, { axis, before, after }) => {
      const size = Number(shape[axis]);
      b.afford([Math.max(0, before + size + after), size]);
      return transposedAlong(b, result, axis, selection(paddedPositions(size, before, after, mode), size));
    }, gradient);
  }
  if (touched.some(({ before, after }) => before < 0 || after < 0)) {
    // Negative padding crops: padding by the opposite amounts undoes both at once.
    const opposite = [...shape, ...shape].map(() => 0);
    for (const { axis, before, after } of touched) {
      opposite[axis] = -before;
      opposite[axis + shape.length] = -after;
    }
    return b.add('Pad', [gradient, b.ints(opposite)], { mode: text('constant') });
  }
  const ends = touched.map(({ after }) => (after === 0 ? Number.MAX_SAFE_INTEGER : -after));
  return b.add('Slice', [
    gradient,
    b.ints(touched.map(({ before }) => before)),
    b.ints(ends),
    b.ints(touched.map(({ axis }) => axis)),
  ]);
}

function selection(positions: number[], inputs: number): Matrix {
  const weights = new Float32Array(positions.length * inputs);
  for (const [o, position] of positions.entries()) weights[o * inputs + position] = 1;
  return { outputs: positions.length, inputs, weights };
}

export const resampling: Record<string, Rule> = { Resize: resize, Pad: pad };
