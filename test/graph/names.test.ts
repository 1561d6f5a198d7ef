// A file may call its values what it likes, also by the names that the Atlas feeds and reads its own by.
import { describe, expect, test } from 'vitest';
import {
  differentiate,
  inspect,
  layersOf,
  type Model,
  type Node,
  prepare,
  readModel,
  withActivationEnergy,
  withCosine,
  withCotangent,
  withCrossEntropy,
  withMargin,
  writeModel,
} from '#shared/graph';
import { vectorJacobianProduct } from '../../batch/zoo/vjp.ts';
import { float, int, ints, nodeOf } from '../../shared/graph/model.ts';
import { floats, int64s } from '../../shared/graph/tensor.ts';
import { type Feeds, noise, open } from './support.ts';

const ours = ['canvas', 'logits', 'loss', 'labels', 'reference', 'centre', 'cotangent', 'gradient'];

interface Names {
  input?: string;
  /** Between two nodes. */
  inner?: string;
  /** Weights. */
  constant?: string;
  output?: string;
}

/** A classifier of 6x6 images that takes its values by these names. */
function classifier({ input = 'x', inner = 'r', constant = 'w', output = 'y' }: Names = {}): Model {
  const nodes: Node[] = [
    nodeOf('Conv', [input, constant], 'c'),
    nodeOf('LeakyRelu', ['c'], inner, { alpha: float(0.3) }),
    nodeOf('ReduceMean', [inner], 'p', { axes: ints([2, 3]), keepdims: int(0) }),
    nodeOf('MatMul', ['p', 'head'], output),
  ];
  return {
    irVersion: 8,
    opset: 17,
    domains: {},
    producer: 'test',
    name: 'test',
    inputs: [{ name: input, type: 'float32', shape: ['N', 3, 6, 6] }],
    outputs: [{ name: output, type: 'float32', shape: ['N', 4] }],
    constants: new Map([
      [constant, floats(noise(135, 3), [5, 3, 3, 3])],
      ['head', floats(noise(20, 4), [5, 4])],
    ]),
    nodes,
    metadata: {},
  };
}

const spec = {
  ...{ inputSize: 6, canvas: 8, range: 1 as const, channelOrder: 'BGR' as const, layout: 'NCHW' as const },
  ...{ mean: [0.4, 0.5, 0.6] as const, std: [0.2, 0.3, 0.2] as const },
};
const pixels = { shape: [2, 3, 8, 8], data: noise(384, 5).map((value) => 127 + 100 * value) };
const weights = { shape: [2, 4], data: noise(8, 6) };
const labels = { shape: [2], data: BigInt64Array.of(1n, 3n) };
const losses: Record<string, [(model: Model) => Model, Feeds]> = {
  'cross-entropy': [withCrossEntropy, { labels }],
  margin: [withMargin, { labels }],
  cosine: [withCosine, { reference: weights, centre: { shape: [4], data: noise(4, 7) } }],
  cotangent: [withCotangent, { cotangent: weights }],
  energy: [
    (model) =>
      withActivationEnergy(
        model,
        layersOf(model).map(({ activated }) => activated),
      ),
    {},
  ],
};

/** Every loss of the prepared model, as the compute room feeds and reads it. */
async function crafted(file: Model): Promise<Record<string, Float32Array>> {
  const prepared = readModel(writeModel(prepare(file, spec)));
  const results: Record<string, Float32Array> = {};
  for (const [kind, [compose, feeds]] of Object.entries(losses))
    for (const profile of ['cpu', 'gpu'] as const) {
      const run = await open(differentiate(compose(prepared), { of: 'loss', wrt: 'canvas', profile }));
      // For GPUs labels are int32.
      const given =
        profile === 'gpu' && 'labels' in feeds ? { labels: { shape: [2], data: Int32Array.of(1, 3) } } : feeds;
      for (const [name, values] of Object.entries(await run({ canvas: pixels, ...given })))
        results[`${kind} ${profile} ${name}`] = values;
    }
  return results;
}

const product = (file: Model) =>
  vectorJacobianProduct(
    'the file',
    readModel(writeModel(file)),
    { shape: [2, 3, 6, 6], data: noise(216, 8) as Float32Array<ArrayBuffer> },
    weights as Parameters<typeof vectorJacobianProduct>[3],
    {},
  );

describe.each(ours)('a file with the name "%s"', (name) => {
  const usual = crafted(classifier());
  const usualProduct = product(classifier());

  test.each(['input', 'inner', 'constant', 'output'] as const)('for its %s is crafted on as any', async (place) => {
    const file = classifier({ [place]: name });
    expect(inspect(file)).toMatchObject({ preparable: true, differentiable: true, craftable: true });
    expect(await crafted(file)).toEqual(await usual);
    const { gradient, output } = await product(file);
    expect(gradient).toEqual((await usualProduct).gradient);
    expect(output).toEqual((await usualProduct).output);
  });
});

test('names of ours everywhere at once are no matter', async () => {
  const file = classifier({ input: 'gradient', inner: 'loss', constant: 'cotangent', output: 'labels' });
  expect(await crafted(file)).toEqual(await crafted(classifier()));
  expect((await product(file)).gradient).toEqual((await product(classifier())).gradient);
});

test('a prepared model can be prepared again: what was added has names of its own', async () => {
  const once = prepare(classifier(), spec);
  const plain = {
    ...spec,
    inputSize: 8,
    canvas: 11,
    range: 255 as const,
    mean: [1, 2, 3] as const,
    std: [2, 2, 2] as const,
  };
  const channels = { ...plain, channelOrder: 'RGB' as const };
  const twice = readModel(writeModel(prepare(once, channels)));
  const data = noise(363, 9).map((value) => 127 + 100 * value);
  const { logits } = await (await open(twice))({ canvas: { shape: [1, 3, 11, 11], data } });
  // The first resize is a product with constant matrices: what it gives is what the model sees.
  const seen = { ...channels, mean: [0, 0, 0] as const, std: [1, 1, 1] as const };
  const resized = await (await open(prepare(identity(), seen)))({ canvas: { shape: [1, 3, 11, 11], data } });
  const values = resized.logits.map((value, i) => (value - (Math.floor(i / 64) + 1)) / 2);
  const expected = await (await open(once))({ canvas: { shape: [1, 3, 8, 8], data: values } });
  for (const [i, value] of expected.logits.entries()) expect(logits[i]).toBeCloseTo(value, 3);
});

/** What it sees, as class scores. */
const identity = (): Model => ({
  ...classifier(),
  inputs: [{ name: 'x', type: 'float32', shape: ['N', 3, 8, 8] }],
  outputs: [{ name: 'y', type: 'float32', shape: ['N', 192] }],
  constants: new Map([['row', int64s([-1, 192])]]),
  nodes: [nodeOf('Reshape', ['x', 'row'], 'y')],
});

test('a value that is named as one that the gradient adds keeps its name and its meaning', async () => {
  const gradients = differentiate(withCotangent(classifier()), { of: 'loss', wrt: 'x' });
  const added = gradients.nodes.map(({ outputs }) => outputs[0]).filter((name) => /^(gradient|loss)\//.test(name));
  expect(added.length).toBeGreaterThan(5);
  const feeds = { x: { shape: [2, 3, 6, 6], data: noise(216, 8) }, cotangent: weights };
  const expected = await (await open(gradients))(feeds);
  for (const inner of added) {
    const clash = differentiate(withCotangent(classifier({ inner })), { of: 'loss', wrt: 'x' });
    expect((await (await open(clash))(feeds)).gradient, inner).toEqual(expected.gradient);
  }
});

test('what a branch takes from around it follows a new name', async () => {
  const model = classifier({ inner: 'loss' });
  const yes = { type: 'bool' as const, shape: [], data: Uint8Array.of(1) };
  const branch = (operator: string) => ({
    kind: 'graph' as const,
    value: {
      ...{ name: operator, inputs: [], constants: new Map() },
      nodes: [nodeOf(operator, ['loss'], 'inside')],
      outputs: [{ name: 'inside', type: 'float32' as const, shape: undefined }],
    },
  });
  const chosen = nodeOf('If', ['condition'], 'taken', { then_branch: branch('Tanh'), else_branch: branch('Neg') });
  const file: Model = {
    ...model,
    constants: new Map([...model.constants, ['condition', yes]]),
    nodes: [
      ...model.nodes.slice(0, 2),
      chosen,
      ...model.nodes.slice(2).map((node) => ({
        ...node,
        inputs: node.inputs.map((name) => (name === 'loss' ? 'taken' : name)),
      })),
    ],
  };
  const plain: Model = {
    ...file,
    nodes: file.nodes.map((node) => (node === chosen ? nodeOf('Tanh', ['loss'], 'taken') : node)),
  };
  expect((await product(file)).gradient).toEqual((await product(plain)).gradient);
});
