// Gradient graphs of every rule as a GPU gets them, and as a CPU gets them, to compare.
import { type Attribute, differentiate, type Model, type Tensor, withCotangent } from '#shared/graph';
import { int, ints, text } from '../../shared/graph/model.ts';
import { floats, int64s } from '../../shared/graph/tensor.ts';
import type { Graph } from './gpu-nodes.ts';
import { cases } from './rule-cases.ts';
import { distinct, flattened, modelFromRow, modelOf, noise, type Operation, open, sizeOf } from './support.ts';

/** The graph for a GPU, and the one for a CPU, whose results are the same. */
export interface Pair {
  gpu: Graph;
  cpu: Graph;
}

const fed = ({ shape, data }: Operation['x']): Tensor => ({ type: 'float32', shape, data });

export function pairOf(name: string, model: Model, feeds: Record<string, Tensor>, of = 'loss', wrt = 'x'): Pair {
  const gpu = differentiate(model, { of, wrt, profile: 'gpu' });
  const int32 = gpu.inputs.filter(({ type }) => type === 'int32');
  const narrow = int32.map(({ name: label }): [string, Tensor] => [
    label,
    { type: 'int32', shape: feeds[label].shape, data: Int32Array.from(feeds[label].data, Number) },
  ]);
  return {
    gpu: { name, model: gpu, feeds: { ...feeds, ...Object.fromEntries(narrow) } },
    cpu: { name, model: differentiate(model, { of, wrt }), feeds },
  };
}

/** The gradient of a model's output `y` times a cotangent. */
async function ofModel(name: string, model: Model, x: Operation['x']): Promise<Pair> {
  const { y } = await (await open(model))({ x });
  const typed = flattened(model, y.length);
  const cotangent = floats(noise(y.length, 77), typed.outputs[0].shape as number[]);
  return pairOf(name, withCotangent(typed), { x: fed(x), cotangent });
}

const floatInputs = ({ x, position = 0, constants = [] }: Operation): number[] =>
  [...constants].toSpliced(position, 0, fed(x)).flatMap((tensor, i) => (tensor?.type === 'float32' ? [i] : []));
/** Whose inputs cannot all come from the image (further-inputs.test.ts). */
const partly = new Set(['Resize', 'Dropout', 'CastLike']);

/** A node of a newer operator set: reductions take their axes as an input from set 18 on, and Split says its parts. */
function ofNewerSet(operation: Operation, opset: number): Operation {
  const { operator, attributes = {}, constants = [], outputs = 1 } = operation;
  if ((operation.opset ?? 17) >= opset) return operation;
  const { axes, ...rest } = attributes;
  if (operator.startsWith('Reduce') && axes)
    return { ...operation, opset, attributes: rest, constants: [...constants, int64s(axes.value as number[])] };
  if (operator === 'Split' && constants.length === 0)
    return { ...operation, opset, attributes: { ...attributes, num_outputs: int(outputs) } };
  return { ...operation, opset };
}

/** Before set 21 groups had their own scales; and Dropout is no better for being newer. */
const staysInItsSet = ({ operator, opset = 17 }: Operation): boolean =>
  operator === 'Dropout' || (operator === 'GroupNormalization' && opset < 21);

export async function ofRules(): Promise<Pair[]> {
  const pairs: Pair[] = [];
  for (const operation of Object.values(cases).flat()) {
    const { operator, x } = operation;
    const name = `${operator} ${cases[operator].indexOf(operation) + 1}`;
    const pair = await ofModel(name, modelOf(operation), x);
    // The runtime's wasm has no Dropout at all, and cannot always do without.
    pairs.push(operator === 'Dropout' ? { gpu: pair.gpu, cpu: pair.gpu } : pair);
    // The newest set that the runtime knows for certain.
    if (!staysInItsSet(operation))
      pairs.push(await ofModel(`${name} of set 24`, modelOf(ofNewerSet(operation, 24)), x));
    const inputs = floatInputs(operation);
    if (inputs.length < 2 || partly.has(operator)) continue;
    const row = modelFromRow(operation, inputs);
    pairs.push(await ofModel(`${name}, all inputs from the image`, row.model, row.x));
  }
  return pairs;
}

interface Geometry {
  shape: number[];
  weights?: number[];
  group?: number;
  /** Lists of integers, flags and words of the node. */
  attributes: Record<string, number[] | number | string>;
}

const convolutions: Record<string, Geometry> = {
  dense: { shape: [2, 4, 9, 8], weights: [6, 4, 3, 3], attributes: { pads: [1, 1, 1, 1] } },
  strided: { shape: [2, 3, 24, 24], weights: [8, 3, 3, 3], attributes: { strides: [2, 2], pads: [1, 1, 1, 1] } },
  'of one pixel, with a rest': { shape: [2, 4, 8, 8], weights: [8, 4, 1, 1], attributes: { strides: [2, 2] } },
  'padded beyond its kernel': { shape: [2, 4, 7, 7], weights: [4, 4, 2, 2], attributes: { pads: [2, 2, 2, 2] } },
  dilated: { shape: [2, 4, 9, 9], weights: [4, 4, 3, 3], attributes: { dilations: [2, 1], pads: [1, 2, 0, 1] } },
  depthwise: { shape: [2, 8, 7, 7], weights: [8, 1, 3, 3], group: 8, attributes: { pads: [1, 1, 1, 1] } },
  'depthwise, strided and dilated': {
    ...{ shape: [2, 4, 9, 9], weights: [4, 1, 3, 3], group: 4 },
    attributes: { strides: [2, 1], dilations: [2, 2] },
  },
  'with two outputs for each input': {
    ...{ shape: [2, 4, 6, 6], weights: [8, 1, 3, 3], group: 4 },
    attributes: { strides: [2, 2] },
  },
  'in groups': {
    ...{ shape: [2, 16, 8, 8], weights: [16, 4, 3, 3], group: 4 },
    attributes: { strides: [2, 2], pads: [1, 1, 1, 1] },
  },
  'in groups whose outputs fill no vector': { shape: [2, 6, 5, 5], weights: [12, 3, 3, 3], group: 2, attributes: {} },
  'in groups whose inputs fill no vector': { shape: [2, 12, 5, 5], weights: [8, 6, 3, 3], group: 2, attributes: {} },
  'along a row': { shape: [2, 4, 11], weights: [8, 2, 3], group: 2, attributes: { strides: [2], pads: [1, 0] } },
};
const transposed: Record<string, Geometry> = {
  'in groups of one output': { shape: [2, 8, 5, 5], weights: [8, 1, 3, 3], group: 2, attributes: { strides: [2, 2] } },
  'of more than 2048 positions': { shape: [1, 4, 48, 48], weights: [4, 2, 2, 2], attributes: { strides: [2, 2] } },
  'with a rest': {
    ...{ shape: [2, 4, 5, 6], weights: [4, 3, 3, 3] },
    attributes: { strides: [3, 2], output_padding: [2, 1], pads: [1, 0, 0, 1] },
  },
};
const pools: Record<string, Geometry> = {
  overlapping: { shape: [2, 3, 9, 9], attributes: { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] } },
  'of every position': { shape: [2, 3, 7, 7], attributes: { kernel_shape: [3, 3], pads: [1, 1, 1, 1] } },
  'to the last pixel': { shape: [2, 3, 8, 7], attributes: { kernel_shape: [3, 2], strides: [2, 2], ceil_mode: 1 } },
  dilated: { shape: [2, 3, 9, 8], attributes: { kernel_shape: [2, 3], dilations: [2, 1], strides: [3, 1] } },
  'along a row': { shape: [2, 3, 11], attributes: { kernel_shape: [3], strides: [2], auto_pad: 'SAME_UPPER' } },
  'of all pixels': { shape: [2, 3, 6, 6], attributes: { kernel_shape: [6, 6] } },
};

const written = (value: number[] | number | string): Attribute =>
  typeof value === 'string' ? text(value) : typeof value === 'number' ? int(value) : ints(value);

function nodeWith(operator: string, { shape, weights, group, attributes }: Geometry): Operation {
  const all = { ...attributes, ...(group !== undefined && { group }) };
  const outputs = operator === 'Conv' ? (weights?.[0] ?? 0) : (weights?.[1] ?? 0) * (group ?? 1);
  return {
    ...{ operator, opset: 19, x: { shape, data: distinct(sizeOf(shape), 4) } },
    constants: weights ? [floats(noise(sizeOf(weights), 8), weights), floats(noise(outputs))] : [],
    attributes: Object.fromEntries(Object.entries(all).map(([name, value]) => [name, written(value)])),
  };
}

/** Windows that rules, or kernels of the provider, treat differently. */
export function ofWindows(): Promise<Pair[]> {
  const all = Object.entries({ Conv: convolutions, ConvTranspose: transposed, MaxPool: pools, AveragePool: pools });
  const operations = all.flatMap(([operator, geometries]) =>
    Object.entries(geometries).map(
      ([what, geometry]) => [`${operator} ${what}`, nodeWith(operator, geometry)] as const,
    ),
  );
  return Promise.all(operations.map(([name, operation]) => ofModel(name, modelOf(operation), operation.x)));
}
