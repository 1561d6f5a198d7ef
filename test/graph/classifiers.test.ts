import { describe, expect, test } from 'vitest';
import {
  differentiate,
  freeBatch,
  GraphError,
  inspect,
  type Model,
  prepare,
  withCosine,
  withCotangent,
  withCrossEntropy,
} from '#shared/graph';
import type { Preprocessing } from '#shared/release';
import { interpolationMatrix } from '../../shared/images/resample.ts';
import { starter } from './starter.ts';
import { dot, noise, open, relativeDifference } from './support.ts';

const side = 224;
const plane = side * side;

/** Something with edges, gradients and texture, in 0..255. */
function picture(count: number): Float32Array {
  const grain = noise(count * 3 * plane, 12);
  return Float32Array.from(grain, (value, i) => {
    const [x, y] = [i % side, Math.floor(i / side) % side];
    const blob = (x - 80) ** 2 + (y - 120) ** 2 < 50 ** 2 ? 90 : 0;
    return Math.min(
      255,
      Math.max(
        0,
        90 +
          blob +
          50 * Math.sin(x / 9 + (i % 7 === 0 ? 1 : 0)) +
          30 * Math.cos(y / 5 + Math.floor(i / plane)) +
          12 * value,
      ),
    );
  });
}

/**
 * The preprocessing by hand, written apart from the graph's: resize, channel order, mean and std, one pixel at a time.
 */
function preprocessed(
  canvas: Float32Array,
  count: number,
  { inputSize: size, mean, std, channelOrder }: Preprocessing,
): Float32Array {
  const weights = interpolationMatrix(side, size);
  const result = new Float32Array(count * 3 * size * size);
  for (let n = 0; n < count; n++) {
    for (let channel = 0; channel < 3; channel++) {
      const from = (n * 3 + (channelOrder === 'RGB' ? channel : 2 - channel)) * plane;
      const rows = new Float64Array(size * side);
      for (let y = 0; y < size; y++) {
        for (let j = 0; j < side; j++) {
          const weight = weights[y * side + j];
          if (weight !== 0) for (let x = 0; x < side; x++) rows[y * side + x] += weight * canvas[from + j * side + x];
        }
      }
      for (let y = 0; y < size; y++) {
        for (let x = 0; x < size; x++) {
          let sum = 0;
          for (let j = 0; j < side; j++) sum += weights[x * side + j] * rows[y * side + j];
          result[((n * 3 + channel) * size + y) * size + x] = (sum - mean[channel]) / std[channel];
        }
      }
    }
  }
  return result;
}

const canvas = picture(2);
const shape = [2, 3, side, side];

describe.each(['squeezenet1_1', 'efficientnet_lite0', 'efficientnet_lite1', 'efficientnet_lite2'])('%s', (id) => {
  const { model, spec, parameters } = starter(id);

  test('can be prepared and differentiated', () => {
    expect(inspect(model)).toMatchObject({
      preparable: true,
      differentiable: true,
      missing: [],
      classes: 1000,
      parameters,
      opset: 17,
    });
  });

  test('prepared, gives the logits of the original on pixels preprocessed by hand', async () => {
    const prepared = prepare(model, { ...spec, canvas: side });
    expect(prepared.inputs).toEqual([{ name: 'canvas', type: 'float32', shape: ['N', 3, side, side] }]);
    expect(prepared.outputs).toEqual([{ name: 'logits', type: 'float32', shape: ['N', 1000] }]);
    const original = await (await open(model))({
      input: { data: preprocessed(canvas, 2, spec), shape: [2, 3, spec.inputSize, spec.inputSize] },
    });
    const { logits } = await (await open(prepared))({ canvas: { data: canvas, shape } });
    expect(relativeDifference(logits, original.logits)).toBeLessThan(1e-4);
  });

  test('prepared, keeps its weights in int8', () => {
    const { constants } = prepare(model, { ...spec, canvas: side });
    const bytes = [...constants.values()].reduce((sum, { type, data }) => sum + (type === 'int8' ? data.length : 0), 0);
    expect(bytes).toBeGreaterThan(0.9 * parameters);
  });
});

describe('the gradient of a real network', () => {
  const { model, spec } = starter('squeezenet1_1');
  const prepared = prepare(model, { ...spec, canvas: side });
  const labels = { data: BigInt64Array.of(3n, 700n), shape: [2] };

  test('agrees with finite differences', async () => {
    const run = await open(differentiate(withCrossEntropy(prepared), { of: 'loss', wrt: 'canvas' }));
    const at = await run({ canvas: { data: canvas, shape }, labels });
    let difference = 0;
    let size = 0;
    for (let d = 0; d < 4; d++) {
      // The gradient's sign on half of the pixels: along plain random directions the derivative drowns in float32's
      // rounding.
      const half = noise(canvas.length, 50 + d);
      const direction = at.gradient.map((value, i) => (half[i] > 0 ? Math.sign(value) : 0));
      const step = 2e-3;
      const loss = async (sign: number) => {
        const moved = canvas.map((value, i) => value + sign * step * direction[i]);
        return (await run({ canvas: { data: moved, shape }, labels })).loss.reduce((sum, value) => sum + value, 0);
      };
      const numeric = ((await loss(1)) - (await loss(-1))) / (2 * step);
      difference += (numeric - dot(direction, at.gradient)) ** 2;
      size += numeric ** 2;
    }
    // Moving 150,000 pixels at once crosses kinks of Relu and MaxPool, where no derivative is exact.
    expect(Math.sqrt(difference / size)).toBeLessThan(1e-2);
  });

  test('is, in a batch, that of each image alone', async () => {
    const run = await open(differentiate(withCrossEntropy(prepared), { of: 'loss', wrt: 'canvas' }));
    const both = await run({ canvas: { data: canvas, shape }, labels });
    for (let n = 0; n < 2; n++) {
      const one = await run({
        canvas: { data: canvas.slice(n * 3 * plane, (n + 1) * 3 * plane), shape: [1, 3, side, side] },
        labels: { data: labels.data.slice(n, n + 1), shape: [1] },
      });
      expect(one.loss[0]).toBeCloseTo(both.loss[n], 4);
      expect(relativeDifference(one.gradient, both.gradient.slice(n * 3 * plane, (n + 1) * 3 * plane))).toBeLessThan(
        1e-4,
      );
    }
  });

  test('is zero where the cross-entropy is clamped', async () => {
    const free = await (await open(withCrossEntropy(prepared)))({ canvas: { data: canvas, shape }, labels });
    const clampAt = (free.loss[0] + free.loss[1]) / 2;
    const clamped = await (
      await open(differentiate(withCrossEntropy(prepared, { clampAt }), { of: 'loss', wrt: 'canvas' }))
    )({ canvas: { data: canvas, shape }, labels });
    const high = free.loss[0] > free.loss[1] ? 0 : 1;
    expect(clamped.loss[high]).toBeCloseTo(clampAt, 4);
    expect(clamped.gradient.slice(high * 3 * plane, (high + 1) * 3 * plane).every((value) => value === 0)).toBe(true);
    expect(clamped.gradient.slice((1 - high) * 3 * plane, (2 - high) * 3 * plane).some((value) => value !== 0)).toBe(
      true,
    );
  });

  test('of the cosine: 1 against the own logits, -1 against their mirror image about the centre', async () => {
    const run = await open(withCosine(prepared));
    const { logits } = await (await open(prepared))({ canvas: { data: canvas, shape } });
    const centre = noise(1000, 3);
    const against = async (reference: Float32Array) =>
      (
        await run({
          canvas: { data: canvas, shape },
          reference: { data: reference, shape: [2, 1000] },
          centre: { data: centre, shape: [1000] },
        })
      ).loss;
    expect((await against(logits))[0]).toBeCloseTo(1, 5);
    expect((await against(logits.map((value, i) => 2 * centre[i % 1000] - value)))[1]).toBeCloseTo(-1, 5);
  });

  test('of one logit, is what the cotangent asks for', async () => {
    const run = await open(differentiate(withCotangent(prepared), { of: 'loss', wrt: 'canvas' }));
    const cotangent = new Float32Array(2000);
    cotangent[1005] = 2;
    const { gradient, loss, logits } = await run({
      canvas: { data: canvas, shape },
      cotangent: { data: cotangent, shape: [2, 1000] },
    });
    expect(loss[1]).toBeCloseTo(2 * logits[1005], 3);
    expect(gradient.slice(0, 3 * plane).every((value) => value === 0)).toBe(true);
    expect(gradient.slice(3 * plane).some((value) => value !== 0)).toBe(true);
  });
});

describe('other ways to write a classifier', () => {
  const size = 8;
  const spec: Preprocessing = {
    inputSize: size,
    mean: [0.4, 0.5, 0.6],
    std: [0.2, 0.3, 0.4],
    channelOrder: 'RGB',
    layout: 'NHWC',
    range: 1,
  };

  /** NHWC, batch of one written into its Reshape, Softmax and trailing axes of one at the end. */
  function fixed(): Model {
    const step = (operator: string, inputs: string[], output: string, attributes = {}) => ({
      operator,
      domain: '',
      name: output,
      inputs,
      outputs: [output],
      attributes,
    });
    return {
      irVersion: 8, opset: 17, domains: {}, producer: 'test', name: 'test', metadata: {},
      inputs: [{ name: 'image', type: 'float32', shape: [1, size, size, 3] }],
      outputs: [{ name: 'probabilities', type: 'float32', shape: [1, 5, 1, 1] }],
      constants: new Map([
        ['flat', { type: 'int64' as const, shape: [2], data: BigInt64Array.of(1n, BigInt(size * size * 3)) }],
        ['w', { type: 'float32' as const, shape: [size * size * 3, 5], data: noise(size * size * 15, 2) }],
        ['trailing', { type: 'int64' as const, shape: [4], data: BigInt64Array.of(1n, 5n, 1n, 1n) }],
      ]),
      nodes: [
        step('Reshape', ['image', 'flat'], 'r'),
        step('MatMul', ['r', 'w'], 'scores'),
        step('Softmax', ['scores'], 's'),
        step('Reshape', ['s', 'trailing'], 'probabilities'),
      ],
    }; // biome-ignore format: a model at a glance
  }

  test('a fixed batch is freed, Softmax cut, the output flattened, pixels scaled to 0..1 in NHWC', async () => {
    const prepared = prepare(fixed(), { ...spec, canvas: size });
    const pixels = noise(3 * 3 * size * size, 6).map((value) => 127 + 127 * value);
    const { logits } = await (await open(prepared))({ canvas: { data: pixels, shape: [3, 3, size, size] } });
    const w = noise(size * size * 15, 2);
    const expected = new Float32Array(15);
    for (let n = 0; n < 3; n++) {
      for (let p = 0; p < size * size; p++) {
        for (let c = 0; c < 3; c++) {
          const x = (pixels[(n * 3 + c) * size * size + p] / 255 - spec.mean[c]) / spec.std[c];
          for (let k = 0; k < 5; k++) expected[n * 5 + k] += x * w[(p * 3 + c) * 5 + k];
        }
      }
    }
    expect(relativeDifference(logits, expected)).toBeLessThan(1e-5);
  });

  test('freeing the batch alone leaves the rest of the model as it is', async () => {
    const image = { data: noise(2 * 3 * size * size), shape: [2, size, size, 3] };
    const { probabilities } = await (await open(freeBatch(fixed())))({ image });
    expect(probabilities.slice(0, 5).reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 5);
    expect(probabilities.length).toBe(10);
  });

  test('a size or layout that the model contradicts is an error that shows both', () => {
    expect(() => prepare(fixed(), { ...spec, layout: 'NCHW', canvas: size })).toThrow(
      /shape \[1,8,8,3\], but NCHW at size 8 means \[N,3,8,8\]/,
    );
    expect(() => prepare(fixed(), { ...spec, std: [1, 0, 1], canvas: size })).toThrow(GraphError);
  });
});
