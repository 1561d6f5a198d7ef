import { GraphError } from '../errors.ts';
import { positiveAxis } from '../evaluate.ts';
import { at, attribute, describe } from '../model.ts';
import { floats, numbers } from '../tensor.ts';
import { type Contribution, type Rule, type Step, simple, zero } from './types.ts';

/** A per-channel vector as [1, C, 1, 1], so that it broadcasts against [N, C, H, W]. */
function perChannel(b: Step['b'], name: string, rank: number): string {
  return rank === 2 ? name : b.add('Unsqueeze', [name, b.ints(Array.from({ length: rank - 2 }, (_, i) => i + 1))]);
}

/** All axes but that of the channels. */
const besideChannels = (rank: number): number[] =>
  Array.from({ length: rank }, (_, axis) => axis).filter((axis) => axis !== 1);

/** With its statistics given, batch normalisation is y = (x - mean) * scale / sqrt(variance + epsilon) + bias. */
const batch: Rule = simple((gradient, step) => {
  const { node, b, needs } = step;
  if (attribute(node, 'training_mode', 0)) return inTraining(gradient, step);
  const [x, scale, , mean, variance] = node.inputs;
  const epsilon = attribute(node, 'epsilon', 1e-5);
  const rank = b.shape(x).length;
  const [s, v] = [scale, variance].map((name) => b.facts.constants.get(name));
  let toX: string;
  if (s && v) {
    const variances = numbers(v);
    const factor = Float32Array.from(numbers(s), (value, i) => value / Math.sqrt(variances[i] + epsilon));
    toX = b.mul(gradient, b.constant(floats(factor, [1, factor.length, ...Array(Math.max(0, rank - 2)).fill(1)])));
  } else {
    const factor = b.add('Div', [scale, b.add('Sqrt', [b.add('Add', [variance, b.scalar(epsilon)])])]);
    toX = b.mul(gradient, perChannel(b, factor, rank));
  }
  const perChannelSum = (value: string) => b.sum(value, besideChannels(rank), false);
  const shifted = () => b.add('Add', [variance, b.scalar(epsilon)]);
  const centred = () => b.add('Sub', [x, perChannel(b, mean, rank)]);
  return [
    toX,
    needs(1) ? b.add('Div', [perChannelSum(b.mul(gradient, centred())), b.add('Sqrt', [shifted()])]) : undefined,
    needs(2) ? perChannelSum(gradient) : undefined,
    needs(3) ? b.add('Neg', [perChannelSum(toX)]) : undefined,
    needs(4) ? b.mul(b.add('Div', [perChannelSum(b.mul(toX, centred())), shifted()]), b.scalar(-0.5)) : undefined,
  ];
});

/** With the statistics of the batch itself, which all its images share; the given ones are not looked at. */
function inTraining(gradient: string, { node, b, needs }: Step): Contribution[] {
  const [x, scale, bias, mean, variance] = node.inputs;
  // ONNX Runtime writes the running statistics into these inputs. Where another input shares their memory, as equal
  // constants do, it goes on with what it wrote, and the result is none that a gradient could be of.
  if ([mean, variance].some((name) => b.facts.constants.has(name) || name === scale || name === bias))
    throw new GraphError(
      `The ${describe(node)} is in training mode (training_mode is 1), and its mean or variance is a constant that ONNX Runtime overwrites as it runs, so that it has no gradient to rely on. Export the model for inference (model.eval() in PyTorch).`,
      at(node),
    );
  const rank = b.shape(x).length;
  const axes = besideChannels(rank);
  const z = standardised(x, axes, attribute(node, 'epsilon', 1e-5), b);
  return [
    throughStandardised(b.mul(gradient, perChannel(b, scale, rank)), z, axes, b),
    needs(1) ? b.sum(b.mul(gradient, z.value), axes, false) : undefined,
    needs(2) ? b.sum(gradient, axes, false) : undefined,
    zero,
    zero,
  ];
}

/** x brought to mean 0 and variance 1 along axes. */
interface Standardised {
  value: string;
  /** The root of variance + epsilon. */
  sigma: string;
}

function standardised(x: string, axes: number[], epsilon: number, b: Step['b']): Standardised {
  const centred = b.add('Sub', [x, b.mean(x, axes)]);
  const sigma = b.add('Sqrt', [b.add('Add', [b.mean(b.mul(centred, centred), axes), b.scalar(epsilon)])]);
  return { value: b.add('Div', [centred, sigma]), sigma };
}

/**
 * dx = (h - mean(h) - z * mean(h * z)) / sigma, where z is the standardised x, h the gradient at z; J. Ba et al., 2016,
 * arXiv 1607.06450.
 */
function throughStandardised(h: string, { value: z, sigma }: Standardised, axes: number[], b: Step['b']): string {
  const projected = b.mul(z, b.mean(b.mul(h, z), axes));
  return b.add('Div', [b.add('Sub', [b.add('Sub', [h, b.mean(h, axes)]), projected]), sigma]);
}

const layer: Rule = simple((gradient, { node, b, needs }) => {
  const [x, scale, bias] = node.inputs;
  const rank = b.shape(x).length;
  const axis = positiveAxis(attribute(node, 'axis', -1), rank);
  const axes = b.shape(x).flatMap((_, i) => (i < axis ? [] : [i]));
  const h = b.mul(gradient, scale);
  const z = standardised(x, axes, attribute(node, 'epsilon', 1e-5), b);
  return [
    throughStandardised(h, z, axes, b),
    needs(1) ? b.sumTo(b.mul(gradient, z.value), b.shape(scale)) : undefined,
    bias && needs(2) ? b.sumTo(gradient, b.shape(bias)) : undefined,
  ];
});

/** y = scale * x / sqrt(mean(x^2) + epsilon); B. Zhang, R. Sennrich, 2019, arXiv 1910.07467. */
const rootMeanSquare: Rule = simple((gradient, { node, b, needs }) => {
  const [x, scale] = node.inputs;
  const rank = b.shape(x).length;
  const axis = positiveAxis(attribute(node, 'axis', -1), rank);
  const axes = b.shape(x).flatMap((_, i) => (i < axis ? [] : [i]));
  const h = b.mul(gradient, scale);
  const size = b.add('Sqrt', [b.add('Add', [b.mean(b.mul(x, x), axes), b.scalar(attribute(node, 'epsilon', 1e-5))])]);
  const z = b.add('Div', [x, size]);
  return [
    b.add('Div', [b.add('Sub', [h, b.mul(z, b.mean(b.mul(h, z), axes))]), size]),
    needs(1) ? b.sumTo(b.mul(gradient, z), b.shape(scale)) : undefined,
  ];
});

const instance: Rule = simple((gradient, { node, b, needs }) => {
  const [x, scale] = node.inputs;
  const rank = b.shape(x).length;
  const axes = Array.from({ length: rank - 2 }, (_, i) => i + 2);
  const h = b.mul(gradient, perChannel(b, scale, rank));
  const z = standardised(x, axes, attribute(node, 'epsilon', 1e-5), b);
  return [
    throughStandardised(h, z, axes, b),
    needs(1) ? b.sum(b.mul(gradient, z.value), besideChannels(rank), false) : undefined,
    needs(2) ? b.sum(gradient, besideChannels(rank), false) : undefined,
  ];
});

/**
 * Groups of channels are standardised together; scale and shift are per channel, or per group before operator set 21.
 * Y. Wu, K. He, 2018, arXiv 1803.08494.
 */
const group: Rule = simple((gradient, { node, b, needs }) => {
  const [x, scale] = node.inputs;
  const shape = b.shape(x);
  const groups = attribute(node, 'num_groups', 1);
  const grouped = (name: string) =>
    b.add('Reshape', [
      name,
      b.shapeVector(
        [shape[0], groups, shape.slice(1).reduce<number>((size, dim) => size * Number(dim), 1) / groups],
        name,
      ),
    ]);
  const perGroup = b.shape(scale)[0] === groups && groups !== shape[1];
  const scaled = perGroup
    ? b.mul(grouped(gradient), b.add('Unsqueeze', [scale, b.ints([1])]))
    : grouped(b.mul(gradient, perChannel(b, scale, shape.length)));
  const z = standardised(grouped(x), [2], attribute(node, 'epsilon', 1e-5), b);
  const summed = (value: string) =>
    perGroup ? b.sum(grouped(value), [0, 2], false) : b.sum(value, besideChannels(shape.length), false);
  return [
    b.reshapeLike(throughStandardised(scaled, z, [2], b), x),
    needs(1) ? summed(b.mul(gradient, b.reshapeLike(z.value, x))) : undefined,
    needs(2) ? summed(gradient) : undefined,
  ];
});

/** y = x / |x|: what remains of g is the part across y, over the norm. */
const unitLength: Rule = simple((gradient, { node, b }) => {
  const [x] = node.inputs;
  const y = node.outputs[0];
  const axes = [positiveAxis(attribute(node, 'axis', -1), b.shape(x).length)];
  const along = b.sum(b.mul(gradient, y), axes, true);
  if (attribute(node, 'p', 2) === 1) {
    const norm = b.sum(b.add('Abs', [x]), axes, true);
    return [b.add('Div', [b.add('Sub', [gradient, b.mul(b.sign(x), along)]), norm])];
  }
  const norm = b.add('Sqrt', [b.sum(b.mul(x, x), axes, true)]);
  return [b.add('Div', [b.add('Sub', [gradient, b.mul(y, along)]), norm])];
});

/**
 * y_i = x_i / d_i^beta with d_i = bias + alpha/n * sum of x_j^2 over the n channels around i, so that dx_k = g_k /
 * d_k^beta - 2 alpha beta / n * x_k * sum over i around k of g_i y_i / d_i. A. Krizhevsky et al., 2012, section 3.3.
 */
const localResponse: Rule = simple((gradient, { node, b }) => {
  const [x] = node.inputs;
  const size = attribute(node, 'size', 1);
  const alpha = attribute(node, 'alpha', 1e-4);
  const beta = attribute(node, 'beta', 0.75);
  const d = b.add('Add', [
    b.mul(b.aroundChannels(b.mul(x, x), size, false), b.scalar(alpha / size)),
    b.scalar(attribute(node, 'bias', 1)),
  ]);
  const direct = b.mul(gradient, b.power(d, -beta));
  const spread = b.aroundChannels(b.add('Div', [b.mul(gradient, node.outputs[0]), d]), size, true);
  return [b.add('Sub', [direct, b.mul(b.mul(x, b.scalar((2 * alpha * beta) / size)), spread)])];
});

export const normalisation: Record<string, Rule> = {
  BatchNormalization: batch,
  LayerNormalization: layer,
  InstanceNormalization: instance,
  GroupNormalization: group,
  LpNormalization: unitLength,
  LRN: localResponse,
  RMSNormalization: rootMeanSquare,
};
