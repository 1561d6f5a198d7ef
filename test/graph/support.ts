import { InferenceSession, Tensor } from 'onnxruntime-node';
import { type Attribute, differentiate, type Model, type Node, withCotangent, writeModel } from '#shared/graph';
import type { Tensor as Constant } from '../../shared/graph/tensor.ts';

export type Feeds = Record<string, { data: Float32Array | BigInt64Array | Int32Array; shape: number[] }>;

/** Opens a model once for several runs. */
const typeOf = (data: Feeds[string]['data']) =>
  data instanceof Float32Array ? 'float32' : data instanceof Int32Array ? 'int32' : 'int64';

export async function open(model: Model) {
  const session = await InferenceSession.create(writeModel(model), { intraOpNumThreads: 1, logSeverityLevel: 3 });
  return async (feeds: Feeds): Promise<Record<string, Float32Array>> => {
    const tensors = Object.entries(feeds).map(([name, { data, shape }]) => [
      name,
      new Tensor(typeOf(data), data, shape),
    ]);
    const results = await session.run(Object.fromEntries(tensors));
    return Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, data as Float32Array]));
  };
}

/** Repeatable numbers in [-1, 1): xorshift, G. Marsaglia, 2003. */
export function noise(length: number, seed = 1): Float32Array {
  let state = (seed * 2654435761) >>> 0 || 1;
  return Float32Array.from({ length }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 31 - 1;
  });
}

export const sizeOf = (shape: readonly number[]) => shape.reduce((product, dim) => product * dim, 1);

/**
 * Values that are all different and at least 1/length apart, in random order: no ties, and no kink within a small step.
 */
export function distinct(length: number, seed = 1): Float32Array {
  const order = noise(length, seed);
  const ranks = Array.from(order.keys()).sort((a, b) => order[a] - order[b]);
  const values = new Float32Array(length);
  for (const [rank, i] of ranks.entries()) values[i] = (2 * rank + 1) / length - 1;
  return values;
}

export interface Operation {
  operator: string;
  x: { shape: number[]; data: Float32Array };
  /** Where x stands among the node's inputs; the others are constants. */
  position?: number;
  constants?: (Constant | undefined)[];
  attributes?: Record<string, Attribute>;
  outputs?: number;
  /** Further outputs that nobody reads. */
  unread?: number;
  opset?: number;
}

/** A model of one node (followed by a Concat where it has several outputs). */
export function modelOf({
  operator,
  x,
  position = 0,
  constants = [],
  attributes = {},
  outputs = 1,
  unread = 0,
  opset = 17,
}: Operation): Model {
  const others = constants.map((constant, i) => (constant ? `c${i}` : ''));
  const names = Array.from({ length: outputs }, (_, i) => (outputs === 1 ? 'y' : `y${i}`));
  const node: Node = {
    operator,
    domain: '',
    name: 'node',
    inputs: others.toSpliced(position, 0, 'x'),
    outputs: [...names, ...Array.from({ length: unread }, (_, i) => `unread${i}`)],
    attributes,
  };
  const nodes = [node];
  if (outputs > 1) {
    // Every part in another strength, so that parts cannot be mistaken for each other.
    for (const [i, name] of names.entries())
      nodes.push({
        operator: 'Mul',
        domain: '',
        name: '',
        inputs: [name, `strength${i}`],
        outputs: [`${name}s`],
        attributes: {},
      });
    nodes.push({
      operator: 'Concat',
      domain: '',
      name: '',
      inputs: names.map((name) => `${name}s`),
      outputs: ['y'],
      attributes: { axis: { kind: 'int', value: 1 } },
    });
  }
  const strengths = names.map((_, i): [string, Constant] => [
    `strength${i}`,
    { type: 'float32', shape: [], data: Float32Array.of(i + 1) },
  ]);
  return {
    irVersion: 8,
    opset,
    domains: {},
    producer: 'test',
    name: 'test',
    // A batch of two is left open, as in real models; where the first axis is no batch it is fixed.
    inputs: [{ name: 'x', type: 'float32', shape: x.shape[0] === 2 ? ['N', ...x.shape.slice(1)] : x.shape }],
    outputs: [{ name: 'y', type: 'float32', shape: undefined }],
    constants: new Map([
      ...constants.flatMap((constant, i): [string, Constant][] => (constant ? [[`c${i}`, constant]] : [])),
      ...(outputs > 1 ? strengths : []),
    ]),
    nodes,
    metadata: {},
  };
}

/**
 * The model of one node, some of whose inputs are cut from one row that is the model's input: what was a constant
 * depends on the image. The row is filled with what the operation gives its inputs.
 *
 * @param chosen places among the node's inputs
 */
export function modelFromRow(operation: Operation, chosen: number[]): { model: Model; x: Operation['x'] } {
  const model = modelOf(operation);
  const node = model.nodes[0];
  const x: Constant = { type: 'float32', ...operation.x };
  const given = (name: string) => (name === 'x' ? x : (model.constants.get(name) as Constant));
  const constants = new Map([...model.constants, ['the x', x]]);
  const cuts: Node[] = [];
  const row: number[] = [];
  const inputs = node.inputs.map((name, i) => {
    const own = name === 'x' ? 'the x' : name;
    if (!chosen.includes(i)) return own;
    const { data, shape } = given(name);
    const bounds = { from: [row.length], to: [row.length + data.length], axis: [1], shape };
    for (const [what, values] of Object.entries(bounds))
      constants.set(`${own} ${what}`, {
        type: 'int64',
        shape: [values.length],
        data: BigInt64Array.from(values, BigInt),
      });
    row.push(...Array.from(data, Number));
    const cut = (operator: string, read: string[], output: string): Node => ({
      ...{ operator, domain: '', name: '', inputs: read, outputs: [output], attributes: {} },
    });
    cuts.push(
      cut('Slice', ['x', `${own} from`, `${own} to`, `${own} axis`], `${own} flat`),
      cut('Reshape', [`${own} flat`, `${own} shape`], `${own} of the image`),
    );
    return `${own} of the image`;
  });
  return {
    x: { data: Float32Array.from(row), shape: [1, row.length] },
    model: {
      ...model,
      inputs: [{ name: 'x', type: 'float32', shape: [1, row.length] }],
      constants,
      nodes: [...cuts, { ...node, inputs }, ...model.nodes.slice(1)],
    },
  };
}

/**
 * The relative difference between derivatives along random directions and central differences, for the sum of output
 * times a random cotangent. Sums are taken in double precision, so that float32 rounding of single outputs is all that
 * disturbs.
 */
export async function derivativeError(
  model: Model,
  x: { shape: number[]; data: Float32Array },
  { step = 1e-2, directions = 3 } = {},
): Promise<number> {
  const forward = await open(model);
  const y = (await forward({ x })).y;
  const cotangent = noise(y.length, 77);
  const typed = flattened(model, y.length);
  const backward = await open(differentiate(withCotangent(typed), { of: 'loss', wrt: 'x' }));
  const { gradient } = await backward({ x, cotangent: { data: cotangent, shape: typed.outputs[0].shape as number[] } });
  let difference = 0;
  let size = 0;
  for (let d = 0; d < directions; d++) {
    const direction = noise(x.data.length, 100 + d);
    const moved = async (sign: number) =>
      dot(
        (await forward({ x: { ...x, data: x.data.map((value, i) => value + sign * step * direction[i]) } })).y,
        cotangent,
      );
    const numeric = ((await moved(1)) - (await moved(-1))) / (2 * step);
    difference += (numeric - dot(gradient, direction)) ** 2;
    size += numeric ** 2;
  }
  return Math.sqrt(difference / Math.max(size, 1e-12));
}

/** Ends the model in a Reshape to one row, so that the cotangent's shape is known whatever the operator does. */
export function flattened(model: Model, length: number): Model {
  const nodes = model.nodes.map((node) => ({
    ...node,
    outputs: node.outputs.map((name) => (name === 'y' ? 'unflattened' : name)),
  }));
  nodes.push({
    operator: 'Reshape',
    domain: '',
    name: 'flatten',
    inputs: ['unflattened', 'row'],
    outputs: ['y'],
    attributes: {},
  });
  const row: Constant = { type: 'int64', shape: [2], data: BigInt64Array.of(1n, -1n) };
  return {
    ...model,
    nodes,
    constants: new Map([...model.constants, ['row', row]]),
    outputs: [{ name: 'y', type: 'float32', shape: [1, length] }],
  };
}

export function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/** |a - b| / |b|. */
export function relativeDifference(a: Float32Array, b: Float32Array): number {
  let difference = 0;
  let size = 0;
  for (let i = 0; i < b.length; i++) {
    difference += (a[i] - b[i]) ** 2;
    size += b[i] ** 2;
  }
  return a.length === b.length ? Math.sqrt(difference / Math.max(size, 1e-30)) : Number.POSITIVE_INFINITY;
}
