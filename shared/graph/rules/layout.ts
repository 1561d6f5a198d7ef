import { GraphError } from '../errors.ts';
import { at, attribute, describe, ints, intsAttribute } from '../model.ts';
import { listOf } from '../tensor.ts';
import { type Rule, simple, zero } from './types.ts';

const pass: Rule = simple((gradient) => [gradient]);
const reshape: Rule = simple((gradient, { node, b }) => [b.reshapeLike(gradient, node.inputs[0])]);

const transpose: Rule = simple((gradient, { node, b }) => {
  const rank = b.shape(node.inputs[0]).length;
  const order = intsAttribute(node, 'perm') ?? Array.from({ length: rank }, (_, axis) => rank - 1 - axis);
  return [
    b.transpose(
      gradient,
      order.map((_, axis) => order.indexOf(axis)),
    ),
  ];
});

const expand: Rule = simple((gradient, { node, b }) => [b.sumTo(gradient, b.shape(node.inputs[0]))]);

const depthToSpace: Rule = simple((gradient, { node, b }) => {
  const block = attribute(node, 'blocksize', 1);
  const [n, c, h, w] = b.shape(node.inputs[0]);
  const split = b.add('Reshape', [gradient, b.shapeVector([n, Number(c) / block ** 2, h, block, w, block], gradient)]);
  const order = attribute(node, 'mode', 'DCR') === 'DCR' ? [0, 3, 5, 1, 2, 4] : [0, 1, 3, 5, 2, 4];
  return [b.reshapeLike(b.add('Transpose', [split], { perm: ints(order) }), node.inputs[0])];
});

const spaceToDepth: Rule = simple((gradient, { node, b }) => {
  const block = attribute(node, 'blocksize', 1);
  const [n, c, h, w] = b.shape(node.outputs[0]);
  const split = b.add('Reshape', [gradient, b.shapeVector([n, block, block, Number(c) / block ** 2, h, w], gradient)]);
  return [b.reshapeLike(b.add('Transpose', [split], { perm: ints([0, 3, 4, 1, 5, 2]) }), node.inputs[0])];
});

/** Repetitions add up: each axis is seen as repetitions of its size. */
const tile: Rule = simple((gradient, { node, b }) => {
  const repeats = b.facts.constants.get(node.inputs[1]);
  if (!repeats)
    throw new GraphError(
      `The ${describe(node)} repeats as often as only the running model knows. Only constant repeats have a rule.`,
      at(node),
    );
  const counts = listOf(repeats);
  const shape = b.shape(node.inputs[0]);
  const split = shape.flatMap((dim, i) => (counts[i] === 1 ? [dim] : [counts[i], dim]));
  const repeated = shape.flatMap((_, i) => (counts[i] === 1 ? [] : [i]));
  // Every repeated axis before this one brought one more.
  const axes = repeated.map((axis, before) => axis + before);
  if (axes.length === 0) return [gradient];
  return [b.sum(b.add('Reshape', [gradient, b.shapeVector(split, gradient)]), axes, false)];
});

const dropout: Rule = simple((gradient, { node, b }) => {
  const training = node.inputs[2] ? b.facts.constants.get(node.inputs[2]) : undefined;
  if (node.inputs[2] && !(training && Number(training.data[0]) === 0))
    throw new GraphError(
      `The ${describe(node)} is in training mode: what it drops is drawn by lot, so that nothing can be differentiated. Export the model for inference (model.eval() in PyTorch).`,
      at(node),
    );
  return [gradient, zero];
});

export const layout: Record<string, Rule> = {
  Identity: pass,
  Dropout: dropout,
  Cast: pass,
  // Of the second input only the type matters.
  CastLike: simple((gradient) => [gradient, zero]),
  Reshape: reshape,
  Flatten: reshape,
  Squeeze: reshape,
  Unsqueeze: reshape,
  Transpose: transpose,
  Expand: expand,
  Tile: tile,
  DepthToSpace: depthToSpace,
  SpaceToDepth: spaceToDepth,
};
