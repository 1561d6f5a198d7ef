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

/** x^e: for x, e x^(e-1); for an exponent that depends on the input too, x^e log(x), which needs x > 0. */
const pow: Rule = simple((gradient, { node, b, needs }) => {
  const [x, e] = node.inputs;
  const constant = b.facts.constants.get(e);
  const exponent = constant?.data.length === 1 ? numbers(constant)[0] : undefined;
  const lower = () => {
    if (exponent === undefined) return b.mul(e, b.add('Pow', [x, b.add('Sub', [e, b.scalar(1)])]));
    return b.mul(b.scalar(exponent), exponent === 2 ? x : b.power(x, exponent - 1));
  };
  // At x = 0 the product x^e log(x) has the limit 0, which its factors do not give.
  const awayFromZero = () => b.add('Where', [b.add('Equal', [x, b.scalar(0)]), b.scalar(1), x]);
  return [
    needs(0) ? b.sumTo(b.mul(gradient, lower()), b.shape(x)) : undefined,
    needs(1) ? b.sumTo(b.mul(b.mul(gradient, node.outputs[0]), b.add('Log', [awayFromZero()])), b.shape(e)) : undefined,
  ];
});

/** Min and Max: the gradient goes to the input that was taken, in equal parts where several are equal. */
const choice: Rule = simple((gradient, { node, b, needs }) => {
  if (node.inputs.length === 1) return [gradient];
  const taken = node.inputs.map((name) => b.mask(b.add('Equal', [name, node.outputs[0]])));
  const count = taken.reduce((sum, mask) => b.add('Add', [sum, mask]));
  const share = b.add('Div', [gradient, count]);
  return node.inputs.map((name, i) => (needs(i) ? b.sumTo(b.mul(share, taken[i]), b.shape(name)) : undefined));
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
  Min: choice,
  Max: choice,
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
  Sin: elementwise(({ node, b }) => b.add('Cos', [node.inputs[0]])),
  Cos: elementwise(({ node, b }) => b.add('Neg', [b.add('Sin', [node.inputs[0]])])),
  Reciprocal: elementwise(({ node, b }) => b.add('Neg', [b.mul(node.outputs[0], node.outputs[0])])),
  Abs: elementwise(({ node, b }) => b.sign(node.inputs[0])),
};
