import { describe, expect, test } from 'vitest';
import {
  differentiate,
  GraphError,
  layersOf,
  type Model,
  prepare,
  withActivationEnergy,
  withActivationRatio,
  withCosine,
  withCotangent,
  withMargin,
} from '#shared/graph';
import { nodeOf } from '../../shared/graph/model.ts';
import { floats } from '../../shared/graph/tensor.ts';
import { starter } from './starter.ts';
import { modelOf, noise, open, relativeDifference } from './support.ts';

const side = 64;
const preparedStarter = (id: string) => {
  const { model, spec } = starter(id);
  return prepare(model, { ...spec, canvas: side });
};
const prepared = preparedStarter('squeezenet1_1');
const canvas = { data: noise(2 * 3 * side * side, 8).map((x) => 127 + 100 * x), shape: [2, 3, side, side] };
const length = 3 * side * side;

/** Derivative of the summed loss along the gradient's signs, numerically over analytically. */
async function derivativeRatio(model: Model, feeds: Parameters<Awaited<ReturnType<typeof open>>>[0]): Promise<number> {
  const run = await open(differentiate(model, { of: 'loss', wrt: 'canvas' }));
  const { gradient } = await run({ canvas, ...feeds });
  const step = 2e-3;
  const loss = async (sign: number) => {
    const data = canvas.data.map((value, i) => value + sign * step * Math.sign(gradient[i]));
    return (await run({ ...feeds, canvas: { ...canvas, data } })).loss.reduce((sum, value) => sum + value, 0);
  };
  const numeric = ((await loss(1)) - (await loss(-1))) / (2 * step);
  return numeric / gradient.reduce((sum, value) => sum + Math.abs(value), 0);
}

describe('the margin', () => {
  const labels = { data: BigInt64Array.of(3n, 700n), shape: [2] };

  test('is the strongest other logit less that of the label, and never above its clamp', async () => {
    const { logits, loss } = await (await open(withMargin(prepared)))({ canvas, labels });
    const expected = [3, 700].map((label, n) => {
      const row = Array.from(logits.subarray(1000 * n, 1000 * (n + 1)));
      return Math.max(...row.toSpliced(label, 1)) - row[label];
    });
    expect(relativeDifference(loss, Float32Array.from(expected))).toBeLessThan(1e-5);
    const clampAt = (expected[0] + expected[1]) / 2;
    const clamped = await (await open(withMargin(prepared, { clampAt })))({ canvas, labels });
    expect(Math.max(...clamped.loss)).toBeCloseTo(clampAt, 4);
  });

  test('has the gradient that finite differences show', async () => {
    expect(await derivativeRatio(withMargin(prepared), { labels })).toBeCloseTo(1, 2);
  });
});

/** Logits that are what is fed, less a number: a model of which every loss can be worked out by hand. */
function plain(less: number): Model {
  const x = { shape: [2, 5], data: new Float32Array(10) };
  const model = modelOf({ operator: 'Sub', x, constants: [floats([less], [])] });
  return { ...model, outputs: [{ name: 'y', type: 'float32', shape: ['N', 5] }] };
}
const rows = { shape: [2, 5], data: Float32Array.of(1, 4, 2, 0, 3, 7, 5, 5.5, 6, 6.5) };
const rowsOf = (values: Float32Array, less: number) =>
  [0, 1].map((n) => Array.from(values.subarray(5 * n, 5 * n + 5), (value) => value - less));

describe('losses of logits that are known', () => {
  test.each([0, 100])('the margin, where %d was taken off all logits', async (less) => {
    const labels = { data: BigInt64Array.of(1n, 2n), shape: [2] };
    const { loss } = await (await open(withMargin(plain(less))))({ x: rows, labels });
    // 3 - 4, and 7 - 5.5: what all logits have in common does not matter, nor does their sign.
    expect([...loss]).toEqual([-1, 1.5]);
  });

  test.each([0, -20])('the cosine about a centre, where %d was taken off all logits', async (less) => {
    const reference = Float32Array.of(2, 1, 0, -1, 4, 0, 3, -2, 1, 1);
    const centre = Float32Array.of(0.5, -1, 2, 0, 1);
    const { loss } = await (await open(withCosine(plain(less))))({
      x: rows,
      reference: { shape: [2, 5], data: reference },
      centre: { shape: [5], data: centre },
    });
    const dot = (a: number[], b: number[]) => a.reduce((sum, value, k) => sum + value * b[k], 0);
    const [a, r] = [rowsOf(rows.data, less), rowsOf(reference, 0)].map((both) =>
      both.map((row) => row.map((value, k) => value - centre[k])),
    );
    for (const n of [0, 1])
      expect(loss[n]).toBeCloseTo(dot(a[n], r[n]) / Math.sqrt(dot(a[n], a[n]) * dot(r[n], r[n])), 5);
  });
});

test('the cosine of a hardened network leaves its last class out, and adds how far that is in front', async () => {
  const reference = Float32Array.of(2, 1, 0, -1, 4, 0, 3, -2, 1, 1);
  const { loss } = await (await open(withCosine(plain(0), { evade: 0.25 })))({
    x: rows,
    reference: { shape: [2, 5], data: reference },
    centre: { shape: [5], data: new Float32Array(5) },
  });
  const cosine = (a: number[], b: number[]) =>
    a.reduce((sum, value, k) => sum + value * b[k], 0) / (Math.hypot(...a) * Math.hypot(...b));
  // The last is 3 and 6.5; the largest of the others 4 and 7.
  const expected = [
    cosine([1, 4, 2, 0], [2, 1, 0, -1]) + 0.25 * Math.log(1 + Math.exp(3 - 4)),
    cosine([7, 5, 5.5, 6], [0, 3, -2, 1]) + 0.25 * Math.log(1 + Math.exp(6.5 - 7)),
  ];
  expected.forEach((value, n) => {
    expect(loss[n]).toBeCloseTo(value, 5);
  });
});

describe('the layers of a graph', () => {
  const matrix = floats(noise(16), [4, 4]);
  const of = (
    nodes: Model['nodes'],
    constants: [string, typeof matrix][] = [
      ['w', matrix],
      ['u', matrix],
    ],
  ): Model => ({
    ...plain(0),
    inputs: [{ name: 'x', type: 'float32', shape: ['N', 4, 4] }],
    outputs: [{ name: 'y', type: 'float32', shape: ['N', 4, 4] }],
    constants: new Map(constants),
    nodes,
  });

  test('are products with weights, not those of two activations, as in attention', () => {
    const attention = of([
      nodeOf('MatMul', ['x', 'w'], 'q'),
      nodeOf('MatMul', ['x', 'u'], 'k'),
      nodeOf('MatMul', ['q', 'k'], 'scores'),
      nodeOf('Softmax', ['scores'], 'shares'),
      nodeOf('MatMul', ['shares', 'x'], 'y'),
    ]);
    expect(layersOf(attention).map(({ linear }) => linear)).toEqual(['q', 'k']);
  });

  test('end before probabilities', () => {
    const ending = of([nodeOf('MatMul', ['x', 'w'], 'logits'), nodeOf('Softmax', ['logits'], 'y')]);
    expect(layersOf(ending)).toEqual([{ linear: 'logits', activated: 'logits' }]);
  });

  test('end where a value is read twice, as x * sigmoid(x) does', () => {
    const swish = of([
      nodeOf('MatMul', ['x', 'w'], 'a'),
      nodeOf('Sigmoid', ['a'], 'gate'),
      nodeOf('Mul', ['a', 'gate'], 'b'),
      nodeOf('MatMul', ['b', 'u'], 'c'),
      nodeOf('Relu', ['c'], 'y'),
    ]);
    expect(layersOf(swish)).toEqual([
      { linear: 'a', activated: 'a' },
      { linear: 'c', activated: 'y' },
    ]);
  });
});

describe('losses over layers', () => {
  const layers = layersOf(prepared);

  test('see every convolution of the network, with what its activation makes of it', () => {
    expect(layers).toHaveLength(26);
    const relus = new Set(prepared.nodes.flatMap(({ operator, outputs }) => (operator === 'Relu' ? outputs : [])));
    expect(layers.every(({ activated }) => relus.has(activated))).toBe(true);
  });

  test('the activation energy is the sum of logarithms of norms, turned about', async () => {
    const names = layers.slice(0, 3).map(({ activated }) => activated);
    const watched: Model = {
      ...prepared,
      outputs: names.map((name) => ({ name, type: 'float32', shape: undefined })),
    };
    const seen = await (await open(watched))({ canvas });
    const expected = [0, 1].map((n) =>
      names.reduce((sum, name) => {
        const values = seen[name].subarray((n * seen[name].length) / 2, ((n + 1) * seen[name].length) / 2);
        return sum - 0.5 * Math.log(values.reduce((energy, value) => energy + value * value, 0));
      }, 0),
    );
    const { loss } = await (await open(withActivationEnergy(prepared, names)))({ canvas });
    expect(relativeDifference(loss, Float32Array.from(expected))).toBeLessThan(1e-5);
  });

  test('the negative part of the activation ratio counts by its weight, in as many layers as it is said to', async () => {
    const names = layers.slice(0, 3).map(({ linear }) => linear);
    const of = async (chosen: string[], options?: Parameters<typeof withActivationRatio>[2]) =>
      (await (await open(withActivationRatio(prepared, chosen, options)))({ canvas })).loss;
    const [whole, positive] = [await of(names), await of(names, { negativeWeight: 0 })];
    expect(relativeDifference(whole, positive)).toBeGreaterThan(0.1);
    const half = whole.map((loss, n) => (loss + positive[n]) / 2);
    expect(relativeDifference(await of(names, { negativeWeight: 0.5 }), half)).toBeLessThan(1e-5);
    const first = await of(names.slice(0, 2));
    const last = await of(names.slice(2), { negativeWeight: 0 });
    const both = first.map((loss, n) => loss + last[n]);
    expect(relativeDifference(await of(names, { negativeLayers: 2 }), both)).toBeLessThan(1e-5);
  });

  test('have the gradients that finite differences show', async () => {
    const activated = layers.map((layer) => layer.activated);
    const linear = layers.slice(0, 8).map((layer) => layer.linear);
    expect(await derivativeRatio(withActivationEnergy(prepared, activated), {})).toBeCloseTo(1, 2);
    expect(await derivativeRatio(withActivationRatio(prepared, linear), {})).toBeCloseTo(1, 2);
    const truncated = withActivationRatio(prepared, linear, { positive: 0.001, negative: 0.001 });
    expect(await derivativeRatio(truncated, {})).toBeCloseTo(1, 1);
  });

  test('a name that the model does not compute is an error', () => {
    expect(() => withActivationEnergy(prepared, ['nowhere'])).toThrow(GraphError);
    expect(() => withActivationEnergy(prepared, [])).toThrow(/layersOf/);
  });
});

for (const id of ['squeezenet1_1', 'efficientnet_lite0']) {
  test(`several class gradients of one image cost ${id} one forward pass and are those of each class alone`, async () => {
    const run = await open(differentiate(withCotangent(preparedStarter(id)), { of: 'loss', wrt: 'canvas' }));
    const image = { data: canvas.data.slice(0, length), shape: [1, 3, side, side] };
    const classes = [3, 700, 20];
    const cotangent = new Float32Array(3 * 1000);
    for (const [row, label] of classes.entries()) cotangent[1000 * row + label] = 1;
    const together = await run({ canvas: image, cotangent: { data: cotangent, shape: [3, 1000] } });
    expect(together.logits).toHaveLength(1000);
    for (const [row, label] of classes.entries()) {
      const alone = await run({
        canvas: image,
        cotangent: { data: cotangent.slice(1000 * row, 1000 * (row + 1)), shape: [1, 1000] },
      });
      expect(together.loss[row]).toBeCloseTo(alone.logits[label], 3);
      const part = together.gradient.slice(length * row, length * (row + 1));
      expect(relativeDifference(part, alone.gradient)).toBeLessThan(1e-4);
    }
  });
}
