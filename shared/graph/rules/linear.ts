import { einsumTerms } from '../einsum.ts';
import { GraphError } from '../errors.ts';
import { at, attribute, describe, int, text } from '../model.ts';
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
  // A vector is a matrix of one row on the left, of one column on the right, and its axis is missing from the product.
  const [row, column] = node.inputs.map((name) => b.shape(name).length === 1);
  const rank = b.shape(node.outputs[0]).length;
  const left = row ? b.add('Unsqueeze', [node.inputs[0], b.ints([0])]) : node.inputs[0];
  const right = column ? b.add('Unsqueeze', [node.inputs[1], b.ints([1])]) : node.inputs[1];
  let full = gradient;
  if (column) full = b.add('Unsqueeze', [full, b.ints([rank])]);
  if (row) full = b.add('Unsqueeze', [full, b.ints([column ? rank : rank - 1])]);
  const toLeft = () => b.sumTo(b.add('MatMul', [full, turned(b, right)]), b.shape(left));
  const toRight = () => b.sumTo(b.add('MatMul', [turned(b, left), full]), b.shape(right));
  return [
    needs(0) ? b.reshapeLike(toLeft(), node.inputs[0]) : undefined,
    needs(1) ? b.reshapeLike(toRight(), node.inputs[1]) : undefined,
  ];
});

/**
 * The gradient of one factor is the product of the output's gradient with the other factors; an index that only the
 * factor has is repeated.
 */
const einsum: Rule = simple((gradient, { node, b, needs }) => {
  const ranks = node.inputs.map((name) => b.shape(name).length);
  const { terms, output } = einsumTerms(node, ranks);
  const letters = [...new Set(terms.flat())];
  const symbol = new Map(letters.map((letter, i) => [letter, String.fromCharCode(97 + i)]));
  const written = (term: string[]) => term.map((letter) => symbol.get(letter)).join('');
  if (letters.length > 26 || terms.some((term) => new Set(term).size < term.length))
    throw new GraphError(
      `The ${describe(node)} takes a diagonal or has more than 26 indices, which has no rule. Export it as MatMul.`,
      at(node),
    );
  return terms.map((term, i) => {
    if (!needs(i)) return undefined;
    const others = terms.filter((_, j) => j !== i);
    const available = new Set([...output, ...others.flat()]);
    const reached = term.filter((letter) => available.has(letter));
    const equation = `${[output, ...others].map(written).join()}->${written(reached)}`;
    const product = b.add('Einsum', [gradient, ...node.inputs.filter((_, j) => j !== i)], { equation: text(equation) });
    const missing = term.flatMap((letter, axis) => (available.has(letter) ? [] : [axis]));
    const widened = missing.length > 0 ? b.add('Unsqueeze', [product, b.ints(missing)]) : product;
    return b.sumTo(b.expandLike(widened, node.inputs[i]), b.shape(node.inputs[i]));
  });
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

export const linear: Record<string, Rule> = { MatMul: matMul, Gemm: gemm, Einsum: einsum };
