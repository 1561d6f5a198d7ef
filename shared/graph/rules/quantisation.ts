// Quantised activations: rounding has no useful derivative, so gradients pass straight through it, and stop where
// values are clipped. Y. Bengio, N. Leonard, A. Courville, "Estimating or Propagating Gradients Through Stochastic
// Neurons", 2013, arXiv 1308.3432.
import type { Builder } from '../builder.ts';
import { GraphError } from '../errors.ts';
import { positiveAxis, quantisedLimits } from '../evaluate.ts';
import { at, attribute, type Dim, describe, type Node } from '../model.ts';
import { floats, numbers } from '../tensor.ts';
import { type Rule, simple } from './types.ts';

interface Grid {
  scale: number[];
  zero: number[];
  /** Where the numbers stand when they are put against the value. */
  shape: number[];
}

function gridOf(node: Node, b: Builder): Grid {
  const scale = b.facts.constants.get(node.inputs[1]);
  const zero = node.inputs[2] ? b.facts.constants.get(node.inputs[2]) : undefined;
  if (!scale || (node.inputs[2] && !zero) || attribute(node, 'block_size', 0))
    throw new GraphError(
      `The ${describe(node)} has a scale ("${node.inputs[1]}") or zero point that is not constant, or one for each block, which has no gradient rule. Quantise the model with constant scales.`,
      at(node),
    );
  const shape: Dim[] = b.shape(node.inputs[0]);
  const axis = positiveAxis(attribute(node, 'axis', 1), shape.length);
  const single = scale.data.length === 1;
  return {
    scale: numbers(scale),
    zero: zero ? numbers(zero) : numbers(scale).map(() => 0),
    shape: shape.map((_, i) => (!single && i === axis ? scale.data.length : 1)),
  };
}

const spread = (b: Builder, { shape }: Grid, values: number[]): string => b.constant(floats(values, shape));

const quantize: Rule = simple((gradient, { node, b }) => {
  const grid = gridOf(node, b);
  const limits = quantisedLimits(b.facts.types.get(node.outputs[0])?.type ?? 'float32');
  if (!limits)
    throw new GraphError(`The ${describe(node)} quantises to a type that has no rule. Use int8 or uint8.`, at(node));
  // A value that rounds to the last step is not clipped yet: half a step more on either side.
  const edge = (limit: number, half: number) => grid.scale.map((scale, i) => (limit - grid.zero[i] + half) * scale);
  const inside = b.add('And', [
    b.add('Greater', [node.inputs[0], spread(b, grid, edge(limits[0], -0.5))]),
    b.add('Less', [node.inputs[0], spread(b, grid, edge(limits[1], 0.5))]),
  ]);
  const steps = spread(
    b,
    grid,
    grid.scale.map((scale) => 1 / scale),
  );
  return [b.mul(b.mul(gradient, steps), b.mask(inside))];
});

const dequantize: Rule = simple((gradient, { node, b }) => {
  const grid = gridOf(node, b);
  return [b.mul(gradient, spread(b, grid, grid.scale))];
});

export const quantisation: Record<string, Rule> = { QuantizeLinear: quantize, DequantizeLinear: dequantize };
