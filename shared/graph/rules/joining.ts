import { GraphError } from '../errors.ts';
import { positiveAxis } from '../evaluate.ts';
import { at, attribute, type Dim, describe, int } from '../model.ts';
import { type Rule, type Step, simple } from './types.ts';

const concat: Rule = simple((gradient, { node, b, needs }) => {
  const axis = positiveAxis(attribute(node, 'axis', 0), b.shape(node.outputs[0]).length);
  const sizes = node.inputs.map((name) => b.shape(name)[axis]);
  if (sizes.some((size) => typeof size === 'string')) throw unknown(node, sizes);
  if (sizes.length === 1) return [gradient];
  // Without the parts that nobody asks for, one Slice may do.
  const wanted = sizes.flatMap((_, i) => (needs(i) ? [i] : []));
  if (wanted.length === 1) {
    const start = sizes.slice(0, wanted[0]).reduce<number>((sum, size) => sum + (size as number), 0);
    const part = b.add('Slice', [
      gradient,
      b.ints([start]),
      b.ints([start + (sizes[wanted[0]] as number)]),
      b.ints([axis]),
    ]);
    return node.inputs.map((_, i) => (i === wanted[0] ? part : undefined));
  }
  return b.addMany('Split', [gradient, b.ints(sizes as number[])], sizes.length, { axis: int(axis) });
});

const unknown = (node: Step['node'], sizes: Dim[]) =>
  new GraphError(
    `The ${describe(node)} joins parts of unknown size [${sizes}]. Give the model's input a fixed shape.`,
    at(node),
  );

const split: Rule = ({ node, gradients, b }) => {
  const parts = node.outputs.map((name, i) => gradients[i] ?? b.zerosLike(name));
  return [
    b.add('Concat', parts, { axis: int(positiveAxis(attribute(node, 'axis', 0), b.shape(node.inputs[0]).length)) }),
  ];
};

export const joining: Record<string, Rule> = { Concat: concat, Split: split };
