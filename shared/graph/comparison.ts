// How far apart what a network computes of two pictures is, place by place.
import { Builder } from './builder.ts';
import { GraphError } from './errors.ts';
import { int, type Model, type Value } from './model.ts';
import { namesOf, renamedNode, renameValues, setAside } from './names.ts';
import type { Place } from './places.ts';
import { floats, int64s } from './tensor.ts';

/** Numbers of each place. */
export const comparedNumbers = 2;

/** Keeps silence from being divided by. */
const least = 1e-20;

/**
 * A prepared model that sees each canvas twice, as it is and as round(clip(canvas + perturbation)): `logits` [N,K] are
 * those of the second, and `changes` [N, 2 (P + 1)] has, of each of the P places and then of the logits, the cosine
 * between what the network computes there of the two, all values of a place as one vector a and b, and the length of
 * their difference as a share of the first's, |b - a| / |a|.
 *
 * Adds the input `perturbation`, float32 [3 S S], the same for every canvas.
 *
 * @param places of `statisticPlaces` of the model
 * @throws GraphError when the model lacks one of them
 */
export function withComparison(original: Model, places: readonly Pick<Place, 'name'>[]): Model {
  const { model, names } = setAside(original, ['perturbation', 'changes']);
  const [input] = model.inputs;
  const [output] = model.outputs;
  const picture = input.shape?.slice(1) as number[];
  const added: Value = {
    ...{ name: 'perturbation', type: 'float32' },
    shape: [picture.reduce((product, dim) => product * dim, 1)],
  };
  const start = { ...model, inputs: [input, added], outputs: [], nodes: [], constants: new Map() };
  const before = new Builder(start, namesOf(model));
  before.scope = 'comparison/pictures';
  const reshaped = before.add('Reshape', ['perturbation', before.ints([1, ...picture])]);
  const sum = before.add('Clip', [before.add('Add', [input.name, reshaped]), before.scalar(0), before.scalar(255)]);
  // Halves go up, as in a picture that is written to a file.
  const shown = before.add('Floor', [before.add('Add', [sum, before.scalar(0.5)])]);
  const both = before.add('Concat', [input.name, shown], { axis: int(0) });
  const { nodes, constants } = before.finish({});
  const doubled: Model = {
    ...model,
    inputs: start.inputs,
    constants: new Map([...constants, ...model.constants]),
    nodes: [...nodes, ...model.nodes.map((node) => renamedNode(node, (name) => (name === input.name ? both : name)))],
  };
  const b = new Builder(doubled);
  b.scope = 'comparison';
  const half = (name: string, index: number) =>
    b.add('Gather', [name, b.constant(int64s([index], []))], { axis: int(0) });
  const numbers = [...places.map(({ name }) => names.get(name) ?? name), output.name].flatMap((name) => {
    if (!b.facts.types.has(name))
      throw new GraphError(`The model computes no "${name}". statisticPlaces(model) lists the places of a model.`);
    const size = b
      .shape(name)
      .slice(1)
      .reduce<number>((product, dim) => product * Number(dim), 1);
    const halves = b.add('Reshape', [name, b.ints([2, -1, size])]);
    const [clean, perturbed] = [half(halves, 0), half(halves, 1)];
    const apart = b.add('Sub', [perturbed, clean]);
    const dot = (x: string, y: string) => b.sum(b.mul(x, y), [1], true);
    const floor = b.constant(floats([least], []), 'least');
    const own = b.add('Add', [dot(clean, clean), floor]);
    const lengths = b.add('Sqrt', [b.mul(own, b.add('Add', [dot(perturbed, perturbed), floor]))]);
    return [b.add('Div', [dot(clean, perturbed), lengths]), b.add('Sqrt', [b.add('Div', [dot(apart, apart), own])])];
  });
  const changes = b.add('Concat', numbers, { axis: int(1) });
  const logits = half(b.add('Reshape', [output.name, b.ints([2, -1, Number(output.shape?.[1])])]), 1);
  const outputs: Value[] = [
    { name: logits, type: 'float32', shape: output.shape },
    { name: changes, type: 'float32', shape: [output.shape?.[0] ?? 'N', comparedNumbers * (places.length + 1)] },
  ];
  const made = b.finish({ outputs });
  return renameValues(
    made,
    new Map([
      [output.name, `${output.name}/both`],
      [logits, output.name],
      [changes, 'changes'],
    ]),
  );
}
