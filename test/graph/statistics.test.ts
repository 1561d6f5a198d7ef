import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  classifierOf,
  differentiate,
  freeBatch,
  keepsBatchApart,
  type Model,
  prepare,
  readModel,
  statisticPlaces,
  statisticsOf,
  storedWeights,
  withCotangent,
  withExtraClass,
  withStatistics,
  writeModel,
} from '#shared/graph';
import { halves } from '../../shared/graph/half.ts';
import { ints, type Node, nodeOf } from '../../shared/graph/model.ts';
import { renameValues } from '../../shared/graph/names.ts';
import { floats } from '../../shared/graph/tensor.ts';
import { starter } from './starter.ts';
import { derivativeError, dot, noise, open } from './support.ts';

const fixtures = new URL('../fixtures/exported/', import.meta.url);
const exported = (name: string): Model =>
  readModel(new Uint8Array(readFileSync(new URL(`${name}.onnx`, fixtures))), {
    external: (file) => new Uint8Array(readFileSync(new URL(file, fixtures))),
  });

/** Conv, Relu, Conv, Relu, mean, Gemm: 5 classes of images of 9 x 7 pixels. */
function network(opset = 17, activation = 'Relu', [height, width] = [9, 7]): Model {
  const nodes: Node[] = [
    nodeOf('Conv', ['x', 'w1'], 'c1'),
    nodeOf(activation, ['c1'], 'r1'),
    nodeOf('Conv', ['r1', 'w2'], 'c2'),
    nodeOf(activation, ['c2'], 'r2'),
    nodeOf('GlobalAveragePool', ['r2'], 'p'),
    nodeOf('Flatten', ['p'], 'f'),
    nodeOf('Gemm', ['f', 'w3'], 'logits'),
  ];
  return {
    ...{ irVersion: 8, opset, domains: {}, producer: 'test', name: 'test', metadata: {} },
    inputs: [{ name: 'x', type: 'float32', shape: ['N', 3, height, width] }],
    outputs: [{ name: 'logits', type: 'float32', shape: ['N', 5] }],
    constants: new Map([
      ['w1', floats(noise(4 * 3 * 9, 1), [4, 3, 3, 3])],
      ['w2', floats(noise(6 * 4 * 9, 2), [6, 4, 3, 3])],
      ['w3', floats(noise(30, 3), [6, 5])],
    ]),
    nodes,
  };
}

const places = statisticPlaces(network());
const pictures = (count: number, seed = 9) => ({ data: noise(count * 189, seed), shape: [count, 3, 9, 7] });

/** Means, then log variances, of the channels of values [C, positions], in double precision. */
function direct(values: Float32Array, channels: number): { means: number[]; logs: number[] } {
  const positions = values.length / channels;
  const rows = Array.from({ length: channels }, (_, c) => values.subarray(c * positions, (c + 1) * positions));
  const means = rows.map((row) => row.reduce((sum, value) => sum + value, 0) / positions);
  const logs = rows.map((row, c) =>
    Math.log(row.reduce((sum, value) => sum + (value - means[c]) ** 2, 0) / positions + 1e-4),
  );
  return { means, logs };
}

describe.each([17, 18])('statistics in operator set %d', (opset) => {
  test('are the mean and the log variance of each channel of each place, for each image', async () => {
    expect(places).toEqual([
      { name: 'r1', axis: 1, channels: 4 },
      { name: 'r2', axis: 1, channels: 6 },
    ]);
    const model = withStatistics(network(opset), places);
    const looked = ['r1', 'r2'].map((name) => ({ name, type: 'float32' as const, shape: undefined }));
    const run = await open({ ...model, outputs: [...model.outputs, ...looked] });
    const { statistics, r1, r2 } = await run({ x: pictures(2) });
    for (const n of [0, 1]) {
      const half = (values: Float32Array) => values.subarray((n * values.length) / 2, ((n + 1) * values.length) / 2);
      const [first, second] = [direct(half(r1), 4), direct(half(r2), 6)];
      const expected = [...first.means, ...second.means, ...first.logs, ...second.logs];
      const found = half(statistics);
      expect(found).toHaveLength(expected.length);
      for (const [i, value] of expected.entries()) expect(found[i]).toBeCloseTo(value, 4);
    }
  });
});

test('of maps of one form come before those of the next', async () => {
  const same = { pads: ints([1, 1, 1, 1]) };
  const nodes = [
    ...[nodeOf('Conv', ['x', 'w1'], 'c1', same), nodeOf('Relu', ['c1'], 'r1')],
    ...[nodeOf('Conv', ['r1', 'w2'], 'c2'), nodeOf('Relu', ['c2'], 'r2')],
    ...[nodeOf('Conv', ['r2', 'w4'], 'c3', { pads: ints([2, 2, 2, 2]) }), nodeOf('Relu', ['c3'], 'r3')],
    ...[nodeOf('GlobalAveragePool', ['r3'], 'p'), nodeOf('Flatten', ['p'], 'f'), nodeOf('Gemm', ['f', 'w3'], 'logits')],
  ];
  const model: Model = { ...network(), nodes };
  model.constants.set('w4', floats(noise(6 * 6 * 9, 6), [6, 6, 3, 3]));
  const found = statisticPlaces(model);
  expect(found.map(({ name }) => name)).toEqual(['r1', 'r2', 'r3']);
  const looked = found.map(({ name }) => ({ name, type: 'float32' as const, shape: undefined }));
  const run = await open({
    ...withStatistics(model, found),
    outputs: [...withStatistics(model, found).outputs, ...looked],
  });
  const { statistics, r1, r2, r3 } = await run({ x: pictures(1) });
  // 9 x 7 positions, 7 x 5, and 9 x 7 again.
  expect([r1, r2, r3].map(({ length }) => length)).toEqual([4 * 63, 6 * 35, 6 * 63]);
  const each = [direct(r1, 4), direct(r3, 6), direct(r2, 6)];
  const expected = [...each.flatMap(({ means }) => means), ...each.flatMap(({ logs }) => logs)];
  expect(statistics).toHaveLength(expected.length);
  for (const [i, value] of expected.entries()) expect(statistics[i]).toBeCloseTo(value, 4);
});

test('channels that come last are told from positions', async () => {
  const free = freeBatch(exported('vit'));
  const [place] = statisticPlaces(free);
  const model = withStatistics(free, [place]);
  const run = await open({ ...model, outputs: [...model.outputs, { ...model.outputs[0], name: place.name }] });
  const results = await run({ [free.inputs[0].name]: { data: noise(3 * 256), shape: [1, 3, 16, 16] } });
  const tokens = results[place.name];
  const turned = Float32Array.from(tokens, (_, i) => {
    const positions = tokens.length / place.channels;
    return tokens[(i % positions) * place.channels + Math.floor(i / positions)];
  });
  const { means, logs } = direct(turned, place.channels);
  for (const [i, value] of [...means, ...logs].entries()) expect(results.statistics[i]).toBeCloseTo(value, 4);
});

test('a large map is looked at on a grid of every fifth position, and its gradient goes there alone', async () => {
  const large = network(17, 'Softplus', [80, 70]);
  const [first] = statisticPlaces(large);
  const model = withStatistics(large, [first]);
  const x = { data: noise(3 * 80 * 70), shape: [1, 3, 80, 70] };
  const { statistics, r1 } = await (
    await open({ ...model, outputs: [...model.outputs, { ...large.outputs[0], name: 'r1' }] })
  )({ x });
  // 78 x 68 positions.
  const grid = r1.filter((_, i) => (Math.floor(i / 68) % 78) % 5 === 0 && (i % 68) % 5 === 0);
  const { means, logs } = direct(grid, 4);
  for (const [i, value] of [...means, ...logs].entries()) expect(statistics[i]).toBeCloseTo(value, 4);
  const y = { ...renameValues(model, new Map([['statistics', 'y']])), outputs: [{ ...model.outputs[1], name: 'y' }] };
  expect(await derivativeError(y, x, { step: 5e-3 })).toBeLessThan(1e-3);
});

describe('the places of', () => {
  const operators = (name: string) => {
    const model = freeBatch(exported(name));
    const makers = new Map(model.nodes.map((node) => [node.outputs[0], node.operator]));
    return statisticPlaces(model).map((place) => `${makers.get(place.name)} ${place.axis}`);
  };
  test('a network of convolutions are its activations and joins, channels first', () => {
    expect(operators('inception')).toEqual([...Array(5).fill('Relu 1'), 'Concat 1', 'Relu 1', 'Concat 1', 'Relu 1']);
  });
  test('a transformer are its normalisations, channels last', () => {
    expect(operators('vit')).toEqual(Array(5).fill('LayerNormalization 2'));
  });
  test('a transformer with normalisations in single steps are what their scale and shift give', () => {
    // Windows that share the batch's axis have none.
    expect(operators('swin')).toEqual(['Add 3', 'Add 3', 'Add 2', 'Add 3', 'Add 2', 'Add 3']);
  });
  test('a quantised network without activations are its convolutions', () => {
    expect(operators('quantised').filter((place) => place === 'Conv 1')).toHaveLength(5);
  });

  test.each(['squeezenet1_1', 'efficientnet_lite0'])('%s are fourteen, spread evenly as deep as is said', (id) => {
    const { model } = starter(id);
    const all = statisticPlaces(model, { count: 1000 }).map(({ name }) => name);
    const steps = (options: { depth?: number }) => statisticPlaces(model, options).map(({ name }) => all.indexOf(name));
    const whole = steps({ depth: 1 });
    expect([whole.length, whole[0], whole.at(-1)]).toEqual([14, 0, all.length - 1]);
    const gaps = whole.slice(1).map((step, i) => step - whole[i]);
    expect(Math.max(...gaps) - Math.min(...gaps)).toBeLessThanOrEqual(1);
    const usual = steps({});
    expect([usual.length, usual[0], usual.at(-1)]).toEqual([14, 0, Math.max(14, Math.ceil(all.length / 3)) - 1]);
  });

  test('a linear classifier are none', () => {
    const linear: Model = {
      ...network(),
      nodes: [nodeOf('Flatten', ['x'], 'f'), nodeOf('Gemm', ['f', 'w'], 'logits')],
      constants: new Map([['w', floats(noise(189 * 5), [189, 5])]]),
    };
    expect(() => statisticPlaces(linear)).toThrow(/no place with channels/);
  });
});

describe('the added class', () => {
  const count = statisticsOf(places);
  const weights = noise(count, 4);
  const stored = storedWeights(weights);

  test('wins exactly where the score exceeds the threshold, and changes no other logit', async () => {
    const images = pictures(64);
    const plain = await (await open(withStatistics(network(), places)))({ x: images });
    const scores = Array.from({ length: 64 }, (_, n) =>
      stored.reduce((sum, weight, i) => sum + weight * plain.statistics[n * count + i], 0.25),
    );
    // In the middle of them, between two.
    const [below, above] = scores.toSorted((a, b) => a - b).slice(31, 33);
    const threshold = (below + above) / 2;
    const detector = { weights, bias: 0.25, threshold, sharpness: 3 };
    const { logits } = await (await open(withExtraClass(network(), places, detector)))({ x: images });
    expect(logits).toHaveLength(64 * 6);
    for (let n = 0; n < 64; n++) {
      const row = logits.subarray(n * 6, n * 6 + 6);
      expect(row.subarray(0, 5)).toEqual(plain.logits.subarray(n * 5, n * 5 + 5));
      expect(row.indexOf(Math.max(...row)) === 5).toBe(scores[n] > threshold);
      expect(row[5]).toBeCloseTo(Math.max(...row.subarray(0, 5)) + 3 * (scores[n] - threshold), 3);
    }
  });

  const detector = { weights, bias: 0, threshold: 0.5 };
  test('is differentiable, and keeps the images of a batch apart', async () => {
    // Without the kinks of Relu, so that differences are exact.
    const model = withExtraClass(network(17, 'Softplus'), places, detector);
    expect(keepsBatchApart(model)).toBe(true);
    const y = {
      ...model,
      nodes: [...model.nodes, nodeOf('Identity', ['logits'], 'y')],
      outputs: [{ ...model.outputs[0], name: 'y' }],
    };
    const x = pictures(1);
    expect(await derivativeError(y, x, { step: 5e-3 })).toBeLessThan(1e-3);
    const backward = await open(differentiate(withCotangent(model), { of: 'loss', wrt: 'x' }));
    const cotangent = { data: Float32Array.of(0, 0, 0, 0, 0, 1), shape: [1, 6] };
    const { gradient } = await backward({ x, cotangent });
    expect(dot(gradient, gradient)).toBeGreaterThan(0);
  });

  test('takes two bytes for each weight, which come back from the file as they were promised', async () => {
    const model = withExtraClass(network(), places, detector);
    const bytes = writeModel(model);
    const [, tensor] = [...readModel(bytes).constants].find(([name]) => name.startsWith('statistics/weights'))!;
    const scale = Math.max(...weights.map(Math.abs)) / 2 ** 15;
    expect(Array.from(tensor.data as Float32Array, (value) => value * scale)).toEqual(Array.from(stored));
    for (const [i, weight] of weights.entries())
      expect(Math.abs(stored[i] - weight)).toBeLessThan(2 ** -11 * Math.abs(weight) + 1e-9);
  });

  test.each(['squeezenet1_1', 'efficientnet_lite0'])('keeps the file of %s within a twentieth of its size', (id) => {
    const { model, spec } = starter(id);
    const classifier = classifierOf(model, spec);
    const found = statisticPlaces(classifier);
    const random = noise(statisticsOf(found), 5);
    const hardened = writeModel(withExtraClass(classifier, found, { weights: random, bias: 0, threshold: 0 }));
    expect(hardened.length / writeModel(model).length).toBeLessThan(1.05);
  });

  test('can be added to a network that has it already', async () => {
    const twice = withExtraClass(withExtraClass(network(), places, detector), places, detector);
    expect((await (await open(twice))({ x: pictures(1) })).logits).toHaveLength(7);
  });

  test('refuses weights that are not one for each statistic, and a place that is not there', () => {
    expect(() => withExtraClass(network(), places, { ...detector, weights: [1, 2] })).toThrow(/2 weights for 20/);
    expect(() => withStatistics(network(), [{ name: 'q', axis: 1, channels: 2 }])).toThrow(/computes no "q"/);
  });
});

test('float16 is the nearest there is', () => {
  const values = [1, -2, 0, 65504, 2 ** -24, 2 ** -14, 0.1, 1 / 3, 1.99999, 2 ** -25 * 1.1];
  const { tensor, rounded } = halves(values);
  const bits = new Uint16Array(tensor.data.buffer);
  const hexadecimal = Array.from(bits, (value) => value.toString(16).padStart(4, '0'));
  // IEEE 754 binary16.
  expect(hexadecimal).toEqual('3c00 c000 0000 7bff 0001 0400 2e66 3555 4000 0001'.split(' '));
  expect(rounded[6]).toBe(0.0999755859375);
});

test('the classifier of a file computes what the file prepares to, and names the same values', async () => {
  const file = exported('caffenet'); // Made for one image, and ends in a Softmax.
  const spec = {
    inputSize: 35,
    layout: 'NCHW',
    channelOrder: 'BGR',
    range: 255,
    mean: [9, 8, 7],
    std: [50, 60, 70],
  } as const;
  const classifier = classifierOf(file, spec);
  const canvas = { data: noise(2 * 3 * 35 ** 2).map((value) => 127 + 127 * value), shape: [2, 3, 35, 35] };
  const run = async (model: Model) => (await (await open(prepare(model, { ...spec, canvas: 35 })))({ canvas })).logits;
  expect(await run(readModel(writeModel(classifier)))).toEqual(await run(file));
  expect(classifier.nodes.some(({ operator }) => operator === 'Softmax')).toBe(false);
  const names = statisticPlaces(classifier).map(({ name }) => name);
  expect(statisticPlaces(prepare(classifier, { ...spec, canvas: 35 })).map(({ name }) => name)).toEqual(names);
});
