import { GraphError } from '../errors.ts';
import { at, attribute, type Dim, describe, int, ints, text } from '../model.ts';
import { floats, sizeOf } from '../tensor.ts';
import { type Window, windowOf } from '../windows.ts';
import { transposed } from './convolution.ts';
import { extreme } from './reductions.ts';
import { type Rule, type Step, simple } from './types.ts';

function sizesOf({ node, b }: Step): number[] {
  const shape = b.shape(node.inputs[0]);
  if (shape.slice(1).some((dim) => typeof dim === 'string')) {
    throw new GraphError(
      `The ${describe(node)} has an input of unknown size [${shape}]. Give the model's input a fixed height and width.`,
      at(node),
    );
  }
  return shape.slice(2) as number[];
}

/**
 * The maximum over a window is the maximum over its columns of the maxima over its rows, so each axis is pooled, and
 * differentiated, by itself: for a window of k x k that compares 2k times instead of k^2. Where several elements are
 * equal to the maximum they share its gradient. No operator is needed that a GPU provider lacks, and on a CPU it is
 * several times faster than scattering by `Indices`.
 */
const maxPool: Rule = simple((gradient, step) => {
  const { node, b } = step;
  if (node.outputs[1])
    throw new GraphError(
      `The ${describe(node)} also returns indices, which has no rule. Export the model without them.`,
      at(node),
    );
  const sizes = sizesOf(step);
  const window = windowOf(node, b.shape(node.inputs[0]));
  const partial = [node.inputs[0]];
  for (let i = 0; i < sizes.length - 1; i++) partial.push(poolAxis(partial[i], i, window, sizes, b));
  // The last step gives the node's own output. With ceil_mode the runtime can think it larger than it is, so it is
  // pooled once more.
  const last = sizes.length - 1;
  partial.push(attribute(node, 'ceil_mode', 0) ? poolAxis(partial[last], last, window, sizes, b) : node.outputs[0]);
  let result = gradient;
  for (let i = sizes.length - 1; i >= 0; i--)
    result = spreadAxis(result, partial[i], partial[i + 1], i, window, sizes, b);
  return [result];
});

/** Pools along one spatial axis alone. */
function poolAxis(x: string, i: number, window: Window, sizes: number[], b: Step['b']): string {
  const only = (values: number[], otherwise: number) => values.map((value, axis) => (axis === i ? value : otherwise));
  const reach =
    ((window.outputs[i] as number) - 1) * window.strides[i] + window.dilations[i] * (window.kernel[i] - 1) + 1;
  // With the padding spelt out, neither auto_pad nor ceil_mode is needed.
  const after = Math.max(0, reach - sizes[i] - window.before[i]);
  // The runtime wants less padding than the kernel has taps; dilated windows can need more.
  const wide = after >= window.kernel[i];
  return b.add('MaxPool', [wide ? padAxis(x, i + 2, 0, after, sizes.length + 2, b, -3.4e38) : x], {
    kernel_shape: ints(only(window.kernel, 1)),
    strides: ints(only(window.strides, 1)),
    dilations: ints(only(window.dilations, 1)),
    pads: ints([
      ...only(window.before, 0),
      ...only(
        sizes.map(() => (wide ? 0 : after)),
        0,
      ),
    ]),
  });
}

/**
 * The gradient of pooling `x` to `y` along one axis: every window compares its taps with its maximum and hands them
 * their share.
 */
function spreadAxis(
  gradient: string,
  x: string,
  y: string,
  i: number,
  window: Window,
  sizes: number[],
  b: Step['b'],
): string {
  const axis = i + 2;
  const rank = sizes.length + 2;
  const [stride, size, before, outputs] = [window.strides[i], sizes[i], window.before[i], window.outputs[i] as number];
  if (window.kernel[i] === 1 && stride === 1) return gradient;
  const taps = Array.from({ length: window.kernel[i] }, (_, t) => t * window.dilations[i]);
  const reach = Math.ceil((taps[taps.length - 1] + 1) / stride);
  const length = Math.max(outputs - 1 + reach, Math.ceil((size + before) / stride));

  const padded = padAxis(x, axis, before, length * stride - size - before, rank, b, -3.4e38);
  const masks = taps.map((tap) => {
    const last = tap + (outputs - 1) * stride + 1;
    const values = b.add('Slice', [padded, b.ints([tap]), b.ints([last]), b.ints([axis]), b.ints([stride])]);
    return b.mask(b.add('Equal', [values, y]));
  });
  const shared = b.add('Div', [gradient, masks.reduce((sum, mask) => b.add('Add', [sum, mask]))]);

  // A tap at offset t lands on phase t mod stride, t div stride steps further on.
  const phases: (string | undefined)[] = new Array(stride).fill(undefined);
  for (const [t, tap] of taps.entries()) {
    const shift = Math.floor(tap / stride);
    const part = padAxis(b.mul(masks[t], shared), axis, shift, length - outputs - shift, rank, b, 0);
    const phase = phases[tap % stride];
    phases[tap % stride] = phase === undefined ? part : b.add('Add', [phase, part]);
  }
  return cropAxis(interleave(phases, axis, b), axis, before, size, length * stride, b);
}

function padAxis(
  x: string,
  axis: number,
  before: number,
  after: number,
  rank: number,
  b: Step['b'],
  value: number,
): string {
  if (before === 0 && after === 0) return x;
  const pads = new Array(2 * rank).fill(0);
  pads[axis] = before;
  pads[axis + rank] = after;
  return b.add('Pad', [x, b.ints(pads), b.scalar(value)], { mode: text('constant') });
}

function cropAxis(x: string, axis: number, start: number, length: number, available: number, b: Step['b']): string {
  return start === 0 && length === available
    ? x
    : b.add('Slice', [x, b.ints([start]), b.ints([start + length]), b.ints([axis])]);
}

/**
 * Weaves tensors together along an axis, element by element: a Concat and a Transpose, which are faster than any
 * scatter.
 */
function interleave(phases: (string | undefined)[], axis: number, b: Step['b']): string {
  if (phases.length === 1) return phases[0]!;
  const known = phases.find((phase) => phase !== undefined)!;
  const shape = b.shape(known);
  const zeros = phases.includes(undefined) ? b.mul(known, b.scalar(0)) : '';
  const joined = b.add(
    'Concat',
    phases.map((phase) => phase ?? zeros),
    { axis: int(axis) },
  );
  const split = b.add('Reshape', [
    joined,
    b.shapeVector([...shape.slice(0, axis), phases.length, ...shape.slice(axis)], joined),
  ]);
  const order = [...shape, 1].map((_, at) => (at === axis ? axis + 1 : at === axis + 1 ? axis : at));
  const woven = b.add('Transpose', [split], { perm: ints(order) });
  const result = b.add('Reshape', [
    woven,
    b.shapeVector(
      shape.map((dim, at) => (at === axis ? Number(dim) * phases.length : dim)),
      joined,
    ),
  ]);
  return result;
}

/** How many input pixels each output averaged, by axis. */
function countsPerAxis(window: Window, sizes: number[], includePadding: boolean): number[][] {
  return sizes.map((size, i) =>
    Array.from({ length: window.outputs[i] as number }, (_, o) => {
      let count = 0;
      for (let t = 0; t < window.kernel[i]; t++) {
        const position = o * window.strides[i] + t * window.dilations[i] - window.before[i];
        const inside = includePadding ? position < size + window.after[i] : position >= 0 && position < size;
        if (inside) count++;
      }
      return count;
    }),
  );
}

const averagePool: Rule = simple((gradient, step) => {
  const { node, b } = step;
  const [x] = node.inputs;
  const sizes = sizesOf(step);
  const shape = b.shape(x);
  const window = windowOf(node, shape);
  const outputs = window.outputs as number[];
  for (const [i, size] of outputs.entries()) b.afford([size], size * window.kernel[i]);
  b.afford(outputs, 8 * sizeOf(outputs));
  const counts = countsPerAxis(window, sizes, attribute(node, 'count_include_pad', 0) === 1);
  const inverse = new Float32Array(outputs.reduce((product, size) => product * size, 1)).fill(1);
  for (let i = 0; i < inverse.length; i++) {
    for (let axis = outputs.length - 1, rest = i; axis >= 0; axis--) {
      inverse[i] /= counts[axis][rest % outputs[axis]];
      rest = Math.floor(rest / outputs[axis]);
    }
  }
  const uniform = inverse.every((value) => value === inverse[0]);
  const scaled = b.mul(gradient, uniform ? b.scalar(inverse[0]) : b.constant(floats(inverse, [1, 1, ...outputs])));
  const whole = outputs.every((size, i) => size === 1 && window.kernel[i] === sizes[i]);
  if (whole) return [b.expandLike(scaled, x)];
  const channels = shape[1] as number;
  const taps = window.kernel.reduce((product, size) => product * size, 1);
  b.afford([channels, taps]);
  const ones = b.constant(floats(new Float32Array(channels * taps).fill(1), [channels, 1, ...window.kernel]), 'ones');
  return [transposed(b, scaled, ones, window, sizes, channels, shape)];
});

const globalAverage: Rule = simple((gradient, { node, b }) => {
  const [x] = node.inputs;
  const shape: Dim[] = b.shape(x);
  const count = shape.slice(2).reduce<number>((product, dim) => product * Number(dim), 1);
  if (Number.isNaN(count))
    throw new GraphError(
      `The ${describe(node)} has an input of unknown size [${shape}]. Give the model's input a fixed height and width.`,
      at(node),
    );
  return [b.expandLike(b.mul(gradient, b.scalar(1 / count)), x)];
});

const globalMaximum: Rule = simple((gradient, { node, b }) => {
  const axes = b
    .shape(node.inputs[0])
    .map((_, axis) => axis)
    .slice(2);
  return [extreme(gradient, node.outputs[0], node.inputs[0], axes, b)];
});

export const pooling: Record<string, Rule> = {
  MaxPool: maxPool,
  AveragePool: averagePool,
  GlobalAveragePool: globalAverage,
  GlobalMaxPool: globalMaximum,
};
