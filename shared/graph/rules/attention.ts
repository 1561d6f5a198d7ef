// Gradients of scaled dot-product attention (shared/graph/attention.ts). The weights P are computed again, and from the
// gradient G of Y = P V follow
// dV = P' G, dP = G V', dL = P * (dP - sum(dP * P)), dQ = scale * dL K and dK = scale * dL' Q.
import { asHeads, attend, refusalOf, swapped } from '../attention.ts';
import { GraphError } from '../errors.ts';
import { at, describe } from '../model.ts';
import { type Rule, simple } from './types.ts';

const scaledDotProduct: Rule = simple((gradient, { node, b, needs }) => {
  const refusal = refusalOf(node, b);
  if (refusal) throw new GraphError(`The ${describe(node)} ${refusal}`, at(node));
  const mask = node.inputs[3];
  const { q, k, v, scale, weights } = attend(node, b);
  const g = asHeads(b, gradient, Number(q.shape[1])).value;
  const toValue = () => v.back(b.add('MatMul', [swapped(b, weights), g]));
  const weighted = b.mul(b.add('MatMul', [g, swapped(b, v.value)]), weights);
  const toLogits = b.add('Sub', [weighted, b.mul(weights, b.sum(weighted, [3], true))]);
  const toScores = b.mul(toLogits, scale);
  return [
    needs(0) ? q.back(b.add('MatMul', [toScores, k.value])) : undefined,
    needs(1) ? k.back(b.add('MatMul', [swapped(b, toScores), q.value])) : undefined,
    needs(2) ? toValue() : undefined,
    mask && needs(3) ? b.sumTo(toLogits, b.shape(mask)) : undefined,
  ];
});

export const attention: Record<string, Rule> = { Attention: scaledDotProduct };
