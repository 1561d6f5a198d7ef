import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { readSafetensors } from '#shared/formats';
import { freeBatch, type Model, prepare, readModel, statisticPlaces, withComparison } from '#shared/graph';
import { nodeOf } from '../../shared/graph/model.ts';
import { floats } from '../../shared/graph/tensor.ts';
import { applyPerturbation } from '../../shared/images/index.ts';
import { tinyModel } from '../support/tiny-model.ts';
import { starter } from './starter.ts';
import { noise, open } from './support.ts';

const size = 8;
/** Conv, Relu, Conv, Relu, mean, Gemm. */
const network: Model = {
  ...{ irVersion: 8, opset: 17, domains: {}, producer: 'test', name: 'test', metadata: {} },
  inputs: [{ name: 'canvas', type: 'float32', shape: ['N', 3, size, size] }],
  outputs: [{ name: 'logits', type: 'float32', shape: ['N', 5] }],
  constants: new Map([
    ['w1', floats(noise(4 * 3 * 9, 1), [4, 3, 3, 3])],
    ['w2', floats(noise(6 * 4 * 9, 2), [6, 4, 3, 3])],
    ['w3', floats(noise(30, 3), [6, 5])],
  ]),
  nodes: [
    nodeOf('Conv', ['canvas', 'w1'], 'c1'),
    nodeOf('Relu', ['c1'], 'r1'),
    nodeOf('Conv', ['r1', 'w2'], 'c2'),
    nodeOf('Relu', ['c2'], 'r2'),
    nodeOf('GlobalAveragePool', ['r2'], 'p'),
    nodeOf('Flatten', ['p'], 'f'),
    nodeOf('Gemm', ['f', 'w3'], 'logits'),
  ],
};

const length = 3 * size * size;
const photos = (count: number) =>
  Float32Array.from({ length: count * length }, (_, i) => Math.floor(128 + 127 * noise(1, i + 5)[0]));
const v = noise(length, 77).map((value) => 30 * value);

function apart(a: Float32Array, b: Float32Array) {
  let [aa, bb, ab, dd] = [0, 0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    aa += a[i] ** 2;
    bb += b[i] ** 2;
    ab += a[i] * b[i];
    dd += (b[i] - a[i]) ** 2;
  }
  return [ab / Math.sqrt(aa * bb), Math.sqrt(dd / aa)];
}

test('is the cosine and the relative length of the change of what the network computes, photo by photo', async () => {
  const places = statisticPlaces(network, { depth: 1 });
  const names = places.map(({ name }) => name);
  expect(names).toContain('r1');
  const count = 3;
  const canvases = photos(count);
  const run = await open(withComparison(network, places));
  const feed = {
    canvas: { data: canvases, shape: [count, 3, size, size] },
    perturbation: { data: v, shape: [length] },
  };
  const { logits, changes } = await run(feed);
  const inside = await open({
    ...network,
    outputs: [...names.map((name) => ({ name, type: 'float32' as const, shape: undefined })), ...network.outputs],
  });
  for (let i = 0; i < count; i++) {
    const clean = canvases.slice(i * length, (i + 1) * length);
    const shown = applyPerturbation(clean, v);
    const [a, b] = await Promise.all(
      [clean, shown].map((data) => inside({ canvas: { data, shape: [1, 3, size, size] } })),
    );
    const wanted = [...names, 'logits'].flatMap((name) => apart(a[name], b[name]));
    const width = wanted.length;
    for (const [k, value] of wanted.entries()) expect(changes[i * width + k], `${i} ${k}`).toBeCloseTo(value, 4);
    for (const [k, value] of b.logits.entries()) expect(logits[i * 5 + k]).toBeCloseTo(value, 1);
  }
});

test('nothing changes without a perturbation; a place that the model lacks is refused', async () => {
  const places = statisticPlaces(network, { depth: 1 });
  const run = await open(withComparison(network, places));
  const feed = { canvas: { data: photos(1), shape: [1, 3, size, size] } };
  const { changes } = await run({ ...feed, perturbation: { data: new Float32Array(length), shape: [length] } });
  for (const [k, value] of changes.entries()) expect(value).toBeCloseTo(k % 2 === 0 ? 1 : 0, 5);
  expect(() => withComparison(network, [{ name: 'nothing' }])).toThrow(/no "nothing"/);
});

test('a network without places has its logits compared, and a starter model has places to its end', async () => {
  const { bytes } = tinyModel();
  const run = await open(withComparison(readModel(bytes), []));
  const feed = { canvas: { data: photos(1), shape: [1, 3, 8, 8] }, perturbation: { data: v, shape: [length] } };
  expect((await run(feed)).changes).toHaveLength(2);
  const { model, spec } = starter('efficientnet_lite0');
  const prepared = prepare(model, { ...spec, canvas: 224 });
  const places = statisticPlaces(prepared, { count: 12, depth: 1 });
  expect(places).toHaveLength(12);
  const compared = withComparison(prepared, places);
  expect(compared.outputs.map(({ name, shape }) => [name, shape])).toEqual([
    ['logits', ['N', 1000]],
    ['changes', ['N', 26]],
  ]);
  const picture = Float32Array.from({ length: 150528 }, (_, i) => Math.floor(128 + 100 * Math.sin(i / 50)));
  const { changes } = await (await open(compared))({
    canvas: { data: picture, shape: [1, 3, 224, 224] },
    perturbation: { data: noise(150528, 3).map((value) => 10 * Math.sign(value)), shape: [150528] },
  });
  expect(changes.every((value) => Number.isFinite(value) && value > 0)).toBe(true);
});

const folder = new URL('../fixtures/exported/', import.meta.url);
const bytes = (file: string) => new Uint8Array(readFileSync(new URL(file, folder)));
const families = readdirSync(folder)
  .filter((file) => file.endsWith('.onnx'))
  .map((file) => file.slice(0, -'.onnx'.length));

describe.each(families)('%s, as exported', (name) => {
  test('has places to its end, and of each image of a batch the changes that it has alone', async () => {
    const model = freeBatch(readModel(bytes(`${name}.onnx`), { external: bytes }));
    const places = statisticPlaces(model, { count: 12, depth: 1 });
    expect(places.length).toBeGreaterThan(3);
    const { input } = readSafetensors(bytes(`${name}.safetensors`)).tensors;
    const [, ...shape] = input.shape;
    const size = shape.reduce((product, dim) => product * dim, 1);
    const image = (input.data as Float32Array).slice(0, size).map((value) => 100 * Math.abs(value));
    const two = new Float32Array(2 * size);
    two.set(image);
    two.set(image.toReversed(), size);
    const run = await open(withComparison(model, places));
    const perturbation = { data: noise(size, 5).map((value) => 10 * value), shape: [size] };
    const changesOf = async (data: Float32Array) =>
      (await run({ [model.inputs[0].name]: { data, shape: [data.length / size, ...shape] }, perturbation })).changes;
    const [both, first, second] = [await changesOf(two), await changesOf(image), await changesOf(two.slice(size))];
    expect(first.length).toBe(2 * (places.length + 1));
    expect(first.some((value) => value > 0.01 && value < 0.99)).toBe(true);
    for (const [i, value] of [...first, ...second].entries()) expect(both[i]).toBeCloseTo(value, 3);
  });
});
