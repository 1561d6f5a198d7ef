// Gradients of convolutions.
// Method: V. Dumoulin, F. Visin, "A guide to convolution arithmetic for deep learning", 2016, arXiv 1603.07285, chapter
// 4.
import { GraphError } from '../errors.ts';
import { at, attribute, type Dim, describe, int, ints, text } from '../model.ts';
import { allocate, floats, sizeOf, type Tensor } from '../tensor.ts';
import { transposedWindowOf, type Window, windowOf } from '../windows.ts';
import { type Rule, type Step, simple } from './types.ts';

const conv: Rule = simple((gradient, step) => {
  const { node, b, needs } = step;
  const [x, w, bias] = node.inputs;
  const window = windowOf(node, b.shape(x), b.shape(w).slice(2));
  checkSize(step);
  return [
    toInput(gradient, step, window),
    needs(1) ? toWeights(b, x, gradient, window, b.shape(w), attribute(node, 'group', 1)) : undefined,
    bias && needs(2) ? b.sum(gradient, besideChannels(b, gradient), false) : undefined,
  ];
});

function checkSize({ node, b }: Step): void {
  const shape = b.shape(node.inputs[0]);
  if (shape.slice(2).some((dim) => typeof dim === 'string'))
    throw new GraphError(
      `The ${describe(node)} has an input of unknown size [${shape}]. Give the model's input a fixed height and width.`,
      at(node),
    );
}

const besideChannels = (b: Step['b'], name: string): number[] =>
  b.shape(name).flatMap((_, axis) => (axis === 1 ? [] : [axis]));

function toInput(gradient: string, step: Step, window: Window): string {
  const { node, b } = step;
  const [x, w] = node.inputs;
  const shape = b.shape(x);
  const weights = b.facts.constants.get(w);
  const single = window.strides.every((stride) => stride === 1);
  if (weights && single) return byConvolution(gradient, step, weights, window);
  const depthwise = attribute(node, 'group', 1) === shape[1] && shape[1] === weights?.shape[0];
  if (weights && depthwise) return byConvolution(spread(gradient, b, window), step, weights, window);
  return byTransposed(gradient, step, w, window);
}

/**
 * The gradient of the weights [M, C/g, ...] of a convolution: each is the product of the output's gradient with the
 * input moved to where the weight reads it. With images and channels exchanged that is a convolution itself, whose
 * kernel is the gradient, and in which strides and dilations change places.
 */
function toWeights(b: Step['b'], x: string, gradient: string, window: Window, shape: Dim[], group: number): string {
  const [, channels, ...size] = b.shape(x);
  const exchanged = Array.from({ length: size.length + 2 }, (_, axis) => (axis < 2 ? 1 - axis : axis));
  let images = x;
  if (group > 1) {
    // Every group has its own images: [N, g, c, ...] to [c, g * N, ...].
    const own = Number(channels) / group;
    const split = b.add('Reshape', [x, b.shapeVector([b.shape(x)[0], group, own, ...size], x)]);
    const front = b.transpose(split, [2, 1, 0, ...size.map((_, i) => i + 3)]);
    images = b.add('Reshape', [front, b.ints([own, -1, ...(size as number[])])]);
  } else images = b.transpose(x, exchanged);
  const kernel = b.transpose(gradient, exchanged);
  const full = b.add('Conv', [images, kernel], {
    kernel_shape: ints(b.shape(gradient).slice(2) as number[]),
    strides: ints(window.dilations),
    dilations: ints(window.strides),
    pads: ints([...window.before, ...window.after]),
    group: int(group),
  });
  // Pixels that no window reaches, since the strides leave a rest, look like further taps.
  const axes = window.kernel.map((_, i) => i + 2);
  const taps = b.add('Slice', [full, b.ints(axes.map(() => 0)), b.ints(window.kernel), b.ints(axes)]);
  const result = b.transpose(taps, exchanged);
  b.facts.types.set(result, { type: 'float32', shape });
  return result;
}

/**
 * The gradient with stride - 1 zeros behind every element, for the convolution of stride 1 that undoes a strided one.
 * For depthwise convolutions that is three times faster than ConvTranspose, which gains nothing there from the zeros
 * that it knows; dense ones do.
 */
function spread(gradient: string, b: Step['b'], { strides }: Window): string {
  const shape = b.shape(gradient);
  const sizes = strides.map((stride, i) => (shape[i + 2] as number) * stride);
  const repeated = b.add('Resize', [gradient, '', b.constant(floats([1, 1, ...strides]))], {
    mode: text('nearest'),
    coordinate_transformation_mode: text('asymmetric'),
    nearest_mode: text('floor'),
  });
  b.afford(sizes, 8 * sizeOf(sizes));
  const first = new Float32Array(sizeOf(sizes));
  for (let i = 0; i < first.length; i++) {
    let rest = i;
    let kept = true;
    for (let axis = sizes.length - 1; axis >= 0; axis--) {
      kept &&= (rest % sizes[axis]) % strides[axis] === 0;
      rest = Math.floor(rest / sizes[axis]);
    }
    first[i] = Number(kept);
  }
  return b.mul(repeated, b.constant(floats(first, [1, 1, ...sizes]), 'first'));
}

/**
 * A convolution of stride 1 with spatially flipped weights whose channels are exchanged. Several times faster than
 * ConvTranspose.
 */
function byConvolution(gradient: string, { node, b }: Step, weights: Tensor, window: Window): string {
  const group = attribute(node, 'group', 1);
  const size = b.shape(node.inputs[0]).slice(2) as number[];
  const given = b.shape(gradient).slice(2) as number[];
  const reach = window.kernel.map((taps, i) => window.dilations[i] * (taps - 1));
  const before = reach.map((length, i) => length - window.before[i]);
  // What is missing to the input's size: padding that the forward pass had at its end, or pixels that no window
  // reached.
  const after = reach.map((length, i) => size[i] + length - given[i] - before[i]);
  let cropped = gradient;
  if ([...before, ...after].some((pad) => pad < 0)) {
    // More padding than the kernel reaches: the outermost outputs saw only zeros.
    const starts = before.map((pad) => Math.max(0, -pad));
    const ends = after.map((pad) => (pad < 0 ? pad : Number.MAX_SAFE_INTEGER));
    cropped = b.add('Slice', [gradient, b.ints(starts), b.ints(ends), b.ints(starts.map((_, i) => i + 2))]);
  }
  return b.add('Conv', [cropped, b.constant(flipped(weights, group), 'weights')], {
    kernel_shape: ints(window.kernel),
    dilations: ints(window.dilations),
    group: int(group),
    pads: ints([...before, ...after].map((pad) => Math.max(0, pad))),
  });
}

/** [M, C/g, ...] to [C, M/g, ...], every kernel turned by 180 degrees. */
function flipped(weights: Tensor, group: number): Tensor {
  const [outputs, inputs, ...kernel] = weights.shape;
  const taps = sizeOf(kernel);
  const perGroup = outputs / group;
  const data = allocate(weights.type, weights.data.length);
  for (let m = 0; m < outputs; m++) {
    const g = Math.floor(m / perGroup);
    for (let c = 0; c < inputs; c++) {
      const from = (m * inputs + c) * taps;
      const to = ((g * inputs + c) * perGroup + (m % perGroup)) * taps;
      for (let t = 0; t < taps; t++) data[to + taps - 1 - t] = weights.data[from + t];
    }
  }
  return { type: weights.type, shape: [inputs * group, perGroup, ...kernel], data };
}

function byTransposed(gradient: string, { node, b }: Step, weights: string, window: Window): string {
  const shape = b.shape(node.inputs[0]);
  return transposed(b, gradient, weights, window, shape.slice(2) as number[], attribute(node, 'group', 1), shape);
}

/** ConvTranspose that lands exactly on `sizes`, whatever rest the strides left over. */
export function transposed(
  b: Step['b'],
  gradient: string,
  weights: string,
  window: Window,
  sizes: number[],
  group: number,
  shape: (number | string)[],
): string {
  const covered = window.kernel.map(
    (size, i) => ((window.outputs[i] as number) - 1) * window.strides[i] + window.dilations[i] * (size - 1) + 1,
  );
  // ConvTranspose crops what the padding took; a window that never reached the end of the input leaves rows to add.
  const rest = sizes.map((size, i) => size + window.before[i] + window.after[i] - covered[i]);
  const result = b.add('ConvTranspose', [gradient, weights], {
    kernel_shape: ints(window.kernel),
    dilations: ints(window.dilations),
    strides: ints(window.strides),
    group: int(group),
    pads: ints([...window.before, ...window.after.map((pad, i) => (rest[i] < 0 ? pad - rest[i] : pad))]),
    output_padding: ints(rest.map((size) => Math.max(0, size))),
  });
  b.facts.types.set(result, { type: 'float32', shape });
  return result;
}

/** ConvTranspose is the gradient of a convolution, and that convolution is its gradient, with the same weights. */
const convTranspose: Rule = simple((gradient, step) => {
  const { node, b, needs } = step;
  const [x, w, bias] = node.inputs;
  const window = transposedWindowOf(node, b.shape(x), b.shape(w).slice(2));
  checkSize(step);
  const group = attribute(node, 'group', 1);
  return [
    // output_padding can leave less than a stride at the end that no window of the convolution reaches.
    b.add('Conv', [gradient, w], {
      kernel_shape: ints(window.kernel),
      dilations: ints(window.dilations),
      strides: ints(window.strides),
      group: int(group),
      pads: ints([...window.before, ...window.after]),
    }),
    needs(1) ? toWeights(b, gradient, x, window, b.shape(w), group) : undefined,
    bias && needs(2) ? b.sum(gradient, besideChannels(b, gradient), false) : undefined,
  ];
});

export const convolution: Record<string, Rule> = { Conv: conv, ConvTranspose: convTranspose };
