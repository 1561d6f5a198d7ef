import { GraphError } from '../errors.ts';
import { at, attribute, describe, int } from '../model.ts';
import { transpose } from '../tensor.ts';
import { type Rule, type Step, simple } from './types.ts';

/** A matrix with its last two axes exchanged: at once where it is constant, else by a node. */
function turned(b: Step['b'], name: string): string {
  const constant = b.facts.constants.get(name);
  const order = b.shape(name).map((_, axis) => axis);
  const swapped = [...order.slice(0, -2), order.length - 1, order.length - 2];
  return constant ? b.constant(transpose(constant, swapped), 'turned') : b.transpose(name, swapped);
}

const matMul: Rule = simple((gradient, { node, b, needs }) => {
  const [left, right] = node.inputs;
  if (b.shape(left).length < 2 || b.shape(right).length < 2) {
    throw new GraphError(
      `The ${describe(node)} multiplies by a vector, which has no rule. Export it as a matrix of one column.`,
      at(node),
    );
  }
  return [
    needs(0) ? b.sumTo(b.add('MatMul', [gradient, turned(b, right)]), b.shape(left)) : undefined,
    needs(1) ? b.sumTo(b.add('MatMul', [turned(b, left), gradient]), b.shape(right)) : undefined,
  ];
});

/** y = alpha * A' B' + beta * C, where the dash is an optional transposition. */
const gemm: Rule = simple((gradient, { node, b, needs }) => {
  const [left, right, bias] = node.inputs;
  const alpha = attribute(node, 'alpha', 1);
  const beta = attribute(node, 'beta', 1);
  const turnedLeft = attribute(node, 'transA', 0) === 1;
  const turnedRight = attribute(node, 'transB', 0) === 1;
  const scaled = alpha === 1 ? gradient : b.mul(gradient, b.scalar(alpha));
  const product = (a: string, transA: boolean, c: string, transB: boolean) =>
    b.add('Gemm', [a, c], { transA: int(transA ? 1 : 0), transB: int(transB ? 1 : 0) });
  return [
    needs(0)
      ? turnedLeft
        ? product(right, turnedRight, scaled, true)
        : product(scaled, false, right, !turnedRight)
      : undefined,
    needs(1)
      ? turnedRight
        ? product(scaled, true, left, turnedLeft)
        : product(left, !turnedLeft, scaled, false)
      : undefined,
    bias && needs(2) ? b.sumTo(beta === 1 ? gradient : b.mul(gradient, b.scalar(beta)), b.shape(bias)) : undefined,
  ];
});

export const linear: Record<string, Rule> = { MatMul: matMul, Gemm: gemm };
