import { GraphError } from '../errors.ts';
import { at, describe } from '../model.ts';
import { numbers } from '../tensor.ts';
import { type Rule, type Step, simple } from './types.ts';

/** A rule for an operator that broadcasts two inputs: each side's gradient is summed back to that side's shape. */
const broadcasting = (
  left: (gradient: string, step: Step) => string,
  right: (gradient: string, step: Step) => string,
): Rule =>
  simple((gradient, step) =>
    [left, right].map((side, i) =>
      step.needs(i) ? step.b.sumTo(side(gradient, step), step.b.shape(step.node.inputs[i])) : undefined,
    ),
  );

const elementwise = (derivative: (step: Step) => string): Rule =>
  simple((gradient, step) => [step.b.mul(gradient, derivative(step))]);

/** Sum and Mean of any number of inputs. */
const sum = (weight: (count: number) => number): Rule =>
  simple((gradient, { node, b, needs }) => {
    const factor = weight(node.inputs.length);
    const scaled = factor === 1 ? gradient : b.mul(gradient, b.scalar(factor));
    return node.inputs.map((name, i) => (needs(i) ? b.sumTo(scaled, b.shape(name)) : undefined));
  });

const pow: Rule = simple((gradient, { node, b, needs }) => {
  if (needs(1))
    throw new GraphError(
      `The exponent of the ${describe(node)} depends on the input, which has no rule. Only constant exponents are supported.`,
      at(node),
    );
  const constant = b.facts.constants.get(node.inputs[1]);
  const exponent = constant?.data.length === 1 ? numbers(constant)[0] : undefined;
  if (exponent === undefined)
    throw new GraphError(
      `The exponent of the ${describe(node)} is not one constant number. Only constant exponents are supported.`,
      at(node),
    );
  const [x] = node.inputs;
  const power = exponent === 2 ? x : b.power(x, exponent - 1);
  return [b.sumTo(b.mul(b.mul(gradient, b.scalar(exponent)), power), b.shape(x))];
});

/** Min and Max of two inputs: the gradient goes to the input that was taken, and half to each when they are equal. */
const choice = (comparison: 'Greater' | 'Less'): Rule =>
  simple((gradient, { node, b, needs }) => {
    if (node.inputs.length === 1) return [gradient];
    const [x, y] = node.inputs;
    if (node.inputs.length > 2)
      throw new GraphError(
        `The ${describe(node)} has ${node.inputs.length} inputs; only two are supported. Split it into a chain.`,
        at(node),
      );
    const wins = (a: string, c: string) => {
      const strict = b.mask(b.add(comparison, [a, c]));
      return b.add('Add', [strict, b.mul(b.mask(b.add('Equal', [a, c])), b.scalar(0.5))]);
    };
    return [
      needs(0) ? b.sumTo(b.mul(gradient, wins(x, y)), b.shape(x)) : undefined,
      needs(1) ? b.sumTo(b.mul(gradient, wins(y, x)), b.shape(y)) : undefined,
    ];
  });

export const arithmetic: Record<string, Rule> = {
  Add: sum(() => 1),
  Sum: sum(() => 1),
  Mean: sum((count) => 1 / count),
  Sub: broadcasting(
    (g) => g,
    (g, { b }) => b.add('Neg', [g]),
  ),
  Mul: broadcasting(
    (g, { b, node }) => b.mul(g, node.inputs[1]),
    (g, { b, node }) => b.mul(g, node.inputs[0]),
  ),
  Div: broadcasting(
    (g, { b, node }) => b.add('Div', [g, node.inputs[1]]),
    (g, { b, node }) => b.add('Neg', [b.add('Div', [b.mul(g, node.outputs[0]), node.inputs[1]])]),
  ),
  Pow: pow,
  Min: choice('Less'),
  Max: choice('Greater'),
  Where: simple((gradient, { node, b, needs }) => {
    const zero = b.scalar(0);
    const [condition, x, y] = node.inputs;
    return [
      undefined,
      needs(1) ? b.sumTo(b.add('Where', [condition, gradient, zero]), b.shape(x)) : undefined,
      needs(2) ? b.sumTo(b.add('Where', [condition, zero, gradient]), b.shape(y)) : undefined,
    ];
  }),
  Neg: simple((gradient, { b }) => [b.add('Neg', [gradient])]),
  Sqrt: simple((gradient, { node, b }) => [b.add('Div', [b.mul(gradient, b.scalar(0.5)), node.outputs[0]])]),
  Exp: elementwise(({ node }) => node.outputs[0]),
  Log: simple((gradient, { node, b }) => [b.add('Div', [gradient, node.inputs[0]])]),
  Reciprocal: elementwise(({ node, b }) => b.add('Neg', [b.mul(node.outputs[0], node.outputs[0])])),
  Abs: elementwise(({ node, b }) => {
    // Two comparisons instead of Sign, which the WebGPU provider lacks.
    const [x] = node.inputs;
    return b.add('Sub', [b.mask(b.add('Greater', [x, b.scalar(0)])), b.mask(b.add('Less', [x, b.scalar(0)]))]);
  }),
};
