// Operators that ONNX Runtime's native WebGPU provider has no kernel for, or a wrong one, written with those that it
// has. Source: the provider itself, by test/graph/gpu.test.ts.

import { attended } from './attention.ts';
import type { Builder } from './builder.ts';
import { positiveAxis } from './evaluate.ts';
import { asRightConv, asRightConvTranspose } from './gpu-convolutions.ts';
import { attribute, type Node } from './model.ts';
import { floats } from './tensor.ts';

/** Writes a node in other operators and returns the name of the result; undefined where the node is left as it is. */
type Lowering = (node: Node, b: Builder) => string | undefined;

const sumOf = (inputs: string[], b: Builder): string => inputs.reduce((sum, other) => b.add('Add', [sum, other]));

/** x where it is positive, and alpha * (exp(x / scale) - 1) elsewhere: Elu and its kin. */
const exponential = (x: string, alpha: number, scale: number, b: Builder): string => {
  const below = b.add('Sub', [b.add('Exp', [b.mul(b.add('Min', [x, b.scalar(0)]), b.scalar(1 / scale))]), b.scalar(1)]);
  return b.add('Where', [b.add('Greater', [x, b.scalar(0)]), x, b.mul(below, b.scalar(alpha))]);
};

/** A per-channel vector as [1, C, 1, 1], so that it broadcasts against [N, C, H, W]. */
const perChannel = (name: string, rank: number, b: Builder): string =>
  b.add('Unsqueeze', [name, b.ints(Array.from({ length: rank - 2 }, (_, i) => i + 1))]);

export const lowerings: Record<string, Lowering> = {
  LogSoftmax: (node, b) => {
    const [x] = node.inputs;
    const axes = [positiveAxis(attribute(node, 'axis', -1), b.shape(x).length)];
    const shifted = b.add('Sub', [x, b.maximum(x, axes)]);
    return b.add('Sub', [shifted, b.add('Log', [b.sum(b.add('Exp', [shifted]), axes, true)])]);
  },
  LRN: (node, b) => {
    const [x] = node.inputs;
    const size = attribute(node, 'size', 1);
    const around = b.aroundChannels(b.mul(x, x), size, false);
    const scaled = b.mul(around, b.scalar(attribute(node, 'alpha', 1e-4) / size));
    const divisor = b.add('Add', [scaled, b.scalar(attribute(node, 'bias', 1))]);
    return b.mul(x, b.power(divisor, -attribute(node, 'beta', 0.75)));
  },
  Sign: ({ inputs: [x] }, b) => (b.facts.types.get(x)?.type === 'float32' ? b.sign(x) : undefined),
  // To the nearest whole number, of two the even one. Every step is exact.
  Round: ({ inputs: [x] }, b) => {
    const low = b.add('Floor', [x]);
    const rest = b.add('Sub', [x, low]);
    const half = b.scalar(0.5);
    const odd = b.add('Sub', [low, b.mul(b.add('Floor', [b.mul(low, half)]), b.scalar(2))]);
    const upOrEven = b.add('Where', [b.add('Greater', [rest, half]), b.scalar(1), odd]);
    return b.add('Add', [low, b.add('Where', [b.add('Less', [rest, half]), b.scalar(0), upOrEven])]);
  },
  Or: ({ inputs }, b) => {
    const [left, right] = inputs.map((name) => b.add('Not', [name]));
    return b.add('Not', [b.add('And', [left, right])]);
  },
  Sum: ({ inputs }, b) => sumOf(inputs, b),
  Mean: ({ inputs }, b) => b.mul(sumOf(inputs, b), b.scalar(1 / inputs.length)),
  Selu: (node, b) => {
    const alpha = attribute(node, 'alpha', 1.6732632423543772);
    return b.mul(exponential(node.inputs[0], alpha, 1, b), b.scalar(attribute(node, 'gamma', 1.0507009873554805)));
  },
  Celu: (node, b) => {
    const alpha = attribute(node, 'alpha', 1);
    return exponential(node.inputs[0], alpha, alpha, b);
  },
  Softsign: ({ inputs: [x] }, b) => b.add('Div', [x, b.add('Add', [b.add('Abs', [x]), b.scalar(1)])]),
  SpaceToDepth: (node, b) => {
    const [x] = node.inputs;
    const block = attribute(node, 'blocksize', 1);
    const [n, c, h, w] = b.shape(x);
    if (node.attributes.mode || [c, h, w].some((size) => typeof size === 'string')) return undefined;
    const [channels, rows, columns] = [Number(c), Number(h) / block, Number(w) / block];
    const split = b.add('Reshape', [x, b.shapeVector([n, channels, rows, block, columns, block], x)]);
    const order = b.transpose(split, [0, 3, 5, 1, 2, 4]);
    return b.add('Reshape', [order, b.shapeVector([n, channels * block ** 2, rows, columns], x)]);
  },
  // Without the mask, and with nothing dropped, nothing happens; the provider alone knows no such node.
  Dropout: ({ inputs: [x, , training], outputs }, b) => {
    const drops = training && b.facts.constants.get(training)?.data[0] !== 0;
    return outputs[1] || drops ? undefined : x;
  },
  // The runtime writes it in other operators, some of which compute shapes on the CPU.
  GroupNormalization: (node, b) => {
    const [x, scale, shift] = node.inputs;
    const shape = b.shape(x);
    const groups = attribute(node, 'num_groups', 1);
    if (shape.slice(1).some((size) => typeof size === 'string')) return undefined;
    const length = shape.slice(1).reduce<number>((product, size) => product * Number(size), 1) / groups;
    const grouped = b.add('Reshape', [x, b.shapeVector([shape[0], groups, length], x)]);
    const [ones, zeros] = [1, 0].map((value) => b.constant(floats(new Float32Array(groups).fill(value))));
    const epsilon = { epsilon: node.attributes.epsilon ?? { kind: 'float' as const, value: 1e-5 } };
    const each = (vector: string, of: string) => perChannel(vector, b.shape(of).length, b);
    const scaled = (normal: string) => b.add('Add', [b.mul(normal, each(scale, normal)), each(shift, normal)]);
    const normal = b.add('InstanceNormalization', [grouped, ones, zeros], epsilon);
    // Before set 21 there is one scale for each group.
    if (b.model.opset < 21) return b.reshapeLike(scaled(normal), x);
    return scaled(b.reshapeLike(normal, x));
  },
  RMSNormalization: (node, b) => {
    const [x, scale] = node.inputs;
    const rank = b.shape(x).length;
    const first = positiveAxis(attribute(node, 'axis', -1), rank);
    const axes = Array.from({ length: rank - first }, (_, i) => first + i);
    const power = b.add('Add', [b.mean(b.mul(x, x), axes), b.scalar(attribute(node, 'epsilon', 1e-5))]);
    return b.mul(b.add('Div', [x, b.add('Sqrt', [power])]), scale);
  },
  Attention: attended,
  Conv: asRightConv,
  ConvTranspose: asRightConvTranspose,
};
