// A prepared model that is told how its pixels are scaled when it runs: one session tries every preprocessing.
import type { Preprocessing } from '../release/model-card.ts';
import { Builder } from './builder.ts';
import type { Model, Value } from './model.ts';
import { namesOf, setAside } from './names.ts';

/** How pixels are scaled. */
type Scaling = Readonly<Pick<Preprocessing, 'range' | 'channelOrder'>> & {
  readonly mean: readonly number[];
  readonly std: readonly number[];
};

/**
 * A model that `prepare` made for pixels as files have them (mean 0, std 1, range 255, RGB), with two more inputs:
 * `matrix` [9] and `offset` [3], of `scalingOf`. Fed with them it says what the model says that is prepared so: a
 * resize and a luma are means of pixels, so that it is all one whether pixels are scaled before or after.
 *
 * @throws GraphError where the model's input is no canvas
 */
export function withScaling(prepared: Model): Model {
  const { model } = setAside(prepared, ['canvas', 'matrix', 'offset']);
  const [input] = model.inputs;
  const inputs: Value[] = [
    { ...input, name: 'canvas' },
    { name: 'matrix', type: 'float32', shape: [9] },
    { name: 'offset', type: 'float32', shape: [3] },
  ];
  const b = new Builder({ ...model, inputs, outputs: [], nodes: [], constants: new Map() }, namesOf(model));
  b.scope = 'scaling';
  const weights = b.add('Reshape', ['matrix', b.ints([3, 3, 1, 1])]);
  const scaled = b.add('Conv', ['canvas', weights, 'offset']);
  const before = b.finish({});
  return {
    ...model,
    inputs,
    constants: new Map([...before.constants, ...model.constants]),
    nodes: [
      ...before.nodes,
      ...model.nodes.map((node) => ({
        ...node,
        inputs: node.inputs.map((name) => (name === input.name ? scaled : name)),
      })),
    ],
  };
}

/** What `withScaling` is fed with for one preprocessing; of a grey model all channels are scaled alike. */
export function scalingOf({ mean, std, range, channelOrder }: Scaling): { matrix: Float32Array; offset: Float32Array } {
  const matrix = new Float32Array(9);
  const offset = new Float32Array(3);
  for (let to = 0; to < 3; to++) {
    const from = channelOrder === 'BGR' ? 2 - to : to;
    const place = mean.length === 1 ? 0 : to;
    matrix[3 * to + from] = range / 255 / std[place];
    offset[to] = -mean[place] / std[place];
  }
  return { matrix, offset };
}
