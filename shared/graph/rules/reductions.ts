import { positiveAxis } from '../evaluate.ts';
import { attribute, type Dim, intsAttribute } from '../model.ts';
import { listOf } from '../tensor.ts';
import { type Rule, type Step, simple } from './types.ts';

/**
 * The axes that a reduction sums over: an attribute in old operator sets, an input in new ones, all of them by default.
 */
function axesOf({ node, b }: Step): number[] {
  const rank = b.shape(node.inputs[0]).length;
  const input = node.inputs[1] ? b.facts.constants.get(node.inputs[1]) : undefined;
  const listed = input ? listOf(input) : intsAttribute(node, 'axes');
  if (!listed?.length)
    return attribute(node, 'noop_with_empty_axes', 0) ? [] : Array.from({ length: rank }, (_, axis) => axis);
  return listed.map((axis) => positiveAxis(axis, rank));
}

/** The gradient (or the output) with the reduced axes back as axes of size 1. */
function kept(name: string, step: Step, axes: number[]): string {
  return attribute(step.node, 'keepdims', 1) || axes.length === 0
    ? name
    : step.b.add('Unsqueeze', [name, step.b.ints([...axes].sort((a, c) => a - c))]);
}

const countOf = (shape: Dim[], axes: number[]): number | undefined =>
  axes.every((axis) => typeof shape[axis] === 'number')
    ? axes.reduce((product, axis) => product * (shape[axis] as number), 1)
    : undefined;

const sum: Rule = simple((gradient, step) => [
  step.b.expandLike(kept(gradient, step, axesOf(step)), step.node.inputs[0]),
]);

const mean: Rule = simple((gradient, step) => {
  const { b, node } = step;
  const axes = axesOf(step);
  return [
    b.expandLike(
      scaled(b, kept(gradient, step, axes), node.inputs[0], countOf(b.shape(node.inputs[0]), axes), node.outputs[0]),
      node.inputs[0],
    ),
  ];
});

/** Divides by the number of elements averaged: a constant, or counted while the model runs. */
function scaled(b: Step['b'], gradient: string, x: string, count: number | undefined, y: string): string {
  if (count !== undefined) return b.mul(gradient, b.scalar(1 / count));
  const size = (name: string) => b.mask(b.add('Size', [name]));
  return b.add('Div', [b.mul(gradient, size(y)), size(x)]);
}

/** The largest (or smallest) elements of each group; where several are equal they share the gradient. */
export function extreme(gradient: string, y: string, x: string, axes: number[], b: Step['b']): string {
  const mask = b.mask(b.add('Equal', [x, y]));
  return b.mul(mask, b.add('Div', [gradient, b.sum(mask, axes, true)]));
}

const maximum: Rule = simple((gradient, step) => {
  const axes = axesOf(step);
  return [
    extreme(kept(gradient, step, axes), kept(step.node.outputs[0], step, axes), step.node.inputs[0], axes, step.b),
  ];
});

const norm: Rule = simple((gradient, step) => {
  const axes = axesOf(step);
  return [
    step.b.mul(
      step.node.inputs[0],
      step.b.add('Div', [kept(gradient, step, axes), kept(step.node.outputs[0], step, axes)]),
    ),
  ];
});

export const reductions: Record<string, Rule> = {
  ReduceSum: sum,
  ReduceMean: mean,
  ReduceMax: maximum,
  ReduceMin: maximum,
  ReduceL2: norm,
  ReduceL1: simple((gradient, step) => [
    step.b.mul(step.b.sign(step.node.inputs[0]), kept(gradient, step, axesOf(step))),
  ]),
  ReduceLogSum: simple((gradient, step) => {
    const axes = axesOf(step);
    const total = step.b.add('Exp', [kept(step.node.outputs[0], step, axes)]);
    return [step.b.expandLike(step.b.add('Div', [kept(gradient, step, axes), total]), step.node.inputs[0])];
  }),
  ReduceLogSumExp: simple((gradient, step) => {
    const { b, node } = step;
    const axes = axesOf(step);
    const share = b.add('Exp', [b.add('Sub', [node.inputs[0], kept(node.outputs[0], step, axes)])]);
    return [b.mul(share, kept(gradient, step, axes))];
  }),
  ReduceSumSquare: simple((gradient, step) => [
    step.b.mul(step.b.mul(step.node.inputs[0], step.b.scalar(2)), kept(gradient, step, axesOf(step))),
  ]),
};
