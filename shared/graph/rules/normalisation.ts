import { positiveAxis } from '../evaluate.ts';
import { attribute } from '../model.ts';
import { floats, numbers } from '../tensor.ts';
import { type Rule, type Step, simple } from './types.ts';

/** A per-channel vector as [1, C, 1, 1], so that it broadcasts against [N, C, H, W]. */
function perChannel(b: Step['b'], name: string, rank: number): string {
  return rank === 2 ? name : b.add('Unsqueeze', [name, b.ints(Array.from({ length: rank - 2 }, (_, i) => i + 1))]);
}

/** With its statistics fixed, batch normalisation is y = x * scale / sqrt(variance + epsilon) + constant. */
const batch: Rule = simple((gradient, { node, b }) => {
  const [x, scale, , , variance] = node.inputs;
  const epsilon = attribute(node, 'epsilon', 1e-5);
  const rank = b.shape(x).length;
  const [s, v] = [scale, variance].map((name) => b.facts.constants.get(name));
  if (s && v) {
    const variances = numbers(v);
    const factor = Float32Array.from(numbers(s), (value, i) => value / Math.sqrt(variances[i] + epsilon));
    return [b.mul(gradient, b.constant(floats(factor, [1, factor.length, ...Array(Math.max(0, rank - 2)).fill(1)])))];
  }
  const factor = b.add('Div', [scale, b.add('Sqrt', [b.add('Add', [variance, b.scalar(epsilon)])])]);
  return [b.mul(gradient, perChannel(b, factor, rank))];
});

/**
 * dx = (h - mean(h) - z * mean(h * z)) / sigma, where z is the normalised x, h the gradient at z; J. Ba et al., 2016,
 * arXiv 1607.06450.
 */
function whiten(h: string, x: string, axes: number[], epsilon: number, b: Step['b']): string {
  const shape = b.shape(x);
  const count = axes.reduce((product, axis) => product * Number(shape[axis]), 1);
  const mean = (name: string) => b.mul(b.sum(name, axes, true), b.scalar(1 / count));
  const centred = b.add('Sub', [x, mean(x)]);
  const sigma = b.add('Sqrt', [b.add('Add', [mean(b.mul(centred, centred)), b.scalar(epsilon)])]);
  const z = b.add('Div', [centred, sigma]);
  const projected = b.mul(z, mean(b.mul(h, z)));
  return b.add('Div', [b.add('Sub', [b.add('Sub', [h, mean(h)]), projected]), sigma]);
}

const layer: Rule = simple((gradient, { node, b }) => {
  const [x, scale] = node.inputs;
  const rank = b.shape(x).length;
  const axis = positiveAxis(attribute(node, 'axis', -1), rank);
  const axes = Array.from({ length: rank - axis }, (_, i) => axis + i);
  return [whiten(b.mul(gradient, scale), x, axes, attribute(node, 'epsilon', 1e-5), b)];
});

const instance: Rule = simple((gradient, { node, b }) => {
  const [x, scale] = node.inputs;
  const rank = b.shape(x).length;
  const axes = Array.from({ length: rank - 2 }, (_, i) => i + 2);
  return [whiten(b.mul(gradient, perChannel(b, scale, rank)), x, axes, attribute(node, 'epsilon', 1e-5), b)];
});

/**
 * Groups of channels are whitened together; scale and shift are per channel, or per group before operator set 21. Y.
 * Wu, K. He, 2018, arXiv 1803.08494.
 */
const group: Rule = simple((gradient, { node, b }) => {
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
  return [b.reshapeLike(whiten(scaled, grouped(x), [2], attribute(node, 'epsilon', 1e-5), b), x)];
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
};
