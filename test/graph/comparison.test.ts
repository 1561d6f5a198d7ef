import { expect, test } from 'vitest';
import { type Model, prepare, readModel, statisticPlaces, withComparison } from '#shared/graph';
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
