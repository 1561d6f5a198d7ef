import { GraphError } from '../errors.ts';
import { at, attribute, describe, type Dim, int, text } from '../model.ts';
import { floats } from '../tensor.ts';
import { type Window, windowOf } from '../windows.ts';
import { transposed } from './convolution.ts';
import { extreme } from './reductions.ts';
import { type Rule, type Step, simple } from './types.ts';

function sizesOf({ node, b }: Step): number[] {
  const shape = b.shape(node.inputs[0]);
  if (shape.slice(1).some((dim) => typeof dim === 'string')) {
    throw new GraphError(`The ${describe(node)} has an input of unknown size [${shape}]. Give the model's input a fixed height and width.`, at(node));
  }
  return shape.slice(2) as number[];
}

const maxPool: Rule = simple((gradient, step) => {
  const { node, b, profile } = step;
  const [x] = node.inputs;
  const sizes = sizesOf(step);
  const window = windowOf(node, b.shape(x));
  return [profile === 'cpu' ? byIndices(gradient, step) : byMasks(gradient, step, window, sizes)];
});

/**
 * Runs the pooling again for the positions of its maxima and adds the gradient there, so that of equal maxima one takes all. (A second
 * output on the model's own node would keep the runtime from its blocked layout.)
 */
function byIndices(gradient: string, { node, b }: Step): string {
  const [x] = node.inputs;
  const [, indices] = b.addMany('MaxPool', [x], 2, node.attributes);
  const flat = (name: string) => b.add('Reshape', [name, b.ints([-1])]);
  const zeros = b.add('ConstantOfShape', [b.add('Reshape', [b.add('Size', [x]), b.ints([1])])]);
  const filled = b.add('ScatterElements', [zeros, flat(indices), flat(gradient)], { axis: int(0), reduction: text('add') });
  return b.reshapeLike(filled, x);
}

/**
 * Per phase of the stride: a pixel takes the gradient of every window whose maximum it equals. Equal maxima share it, unless a Relu or
 * Clip before the pooling ends all exact ties anyway.
 */
function byMasks(gradient: string, step: Step, window: Window, sizes: number[]): string {
  throw new GraphError(`todo ${step.node.name} ${window.kernel} ${sizes} ${gradient}`);
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
  const counts = countsPerAxis(window, sizes, attribute(node, 'count_include_pad', 0) === 1);
  const outputs = window.outputs as number[];
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
  const ones = b.constant(floats(new Float32Array(channels * taps).fill(1), [channels, 1, ...window.kernel]), 'ones');
  return [transposed(b, scaled, ones, window, sizes, channels, shape)];
});

const globalAverage: Rule = simple((gradient, { node, b }) => {
  const [x] = node.inputs;
  const shape: Dim[] = b.shape(x);
  const count = shape.slice(2).reduce<number>((product, dim) => product * Number(dim), 1);
  if (Number.isNaN(count)) throw new GraphError(`The ${describe(node)} has an input of unknown size [${shape}]. Give the model's input a fixed height and width.`, at(node));
  return [b.expandLike(b.mul(gradient, b.scalar(1 / count)), x)];
});

const globalMaximum: Rule = simple((gradient, { node, b }) => {
  const axes = b.shape(node.inputs[0]).map((_, axis) => axis).slice(2);
  return [extreme(gradient, node.outputs[0], node.inputs[0], axes, b)];
});

export const pooling: Record<string, Rule> = {
  MaxPool: maxPool,
  AveragePool: averagePool,
  GlobalAveragePool: globalAverage,
  GlobalMaxPool: globalMaximum,
};
