// Files of the kinds that people have: gradients that were wrong without a word, and operators that were not named.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { differentiate, inspect, type Model, readModel, withCotangent, withInputShape } from '#shared/graph';
import { dot, noise, open, sizeOf } from './support.ts';

const read = (name: string): Model =>
  readModel(new Uint8Array(readFileSync(new URL(`../cases/${name}.onnx`, import.meta.url))));

/**
 * Relative errors along the gradient's signs on random halves of the pixels, each with the best of several steps: a
 * kink between two values spoils one step, a wrong gradient all of them.
 */
async function worstError(file: Model, images: number): Promise<number> {
  const [input] = file.inputs;
  const shape = input.shape!.map((dim, axis) => (typeof dim === 'number' ? dim : axis === 0 ? images : 32));
  const model = withInputShape(file, shape);
  const forward = await open(model);
  const x = { shape, data: noise(sizeOf(shape), 21).map((value) => (value + 1) / 2) };
  const [output] = model.outputs;
  const values = async (data: Float32Array) => (await forward({ [input.name]: { shape, data } }))[output.name];
  const cotangent = noise((await values(x.data)).length, 22);
  const composed = withCotangent(model);
  const gradients = differentiate(composed, { of: 'loss', wrt: composed.inputs[0].name });
  const { gradient } = await (await open(gradients))({
    [gradients.inputs[0].name]: x,
    cotangent: { shape: output.shape as number[], data: cotangent },
  });
  let worst = 0;
  for (let seed = 0; seed < 4; seed++) {
    const chosen = noise(gradient.length, 30 + seed);
    const direction = gradient.map((value, i) => (chosen[i] > 0 ? Math.sign(value) : 0));
    const analytic = dot(gradient, direction);
    const errors: number[] = [];
    for (const step of [1e-2, 3e-3, 1e-3, 3e-4, 1e-4]) {
      const moved = async (sign: number) =>
        dot(await values(x.data.map((value, i) => value + sign * step * direction[i])), cotangent);
      const numeric = ((await moved(1)) - (await moved(-1))) / (2 * step);
      errors.push(Math.abs(numeric - analytic) / Math.max(Math.abs(numeric), Math.abs(analytic)));
    }
    worst = Math.max(worst, Math.min(...errors));
  }
  return worst;
}

describe('the gradient is that of central differences in', () => {
  test.each([
    ['batchnorm-mean-from-image', 1],
    ['batchnorm-mean-from-image', 3],
    ['batchnorm-variance-from-image', 3],
    ['batchnorm-scale-from-image', 3],
    ['pytorch-ts-bn-no-running-stats', 1],
    ['layernorm-scale', 1],
    ['prelu-slope', 1],
    ['hidden-loss', 2],
    ['hidden-labels', 2],
    ['hidden-gradient', 2],
    ['attention23', 2],
    ['stn-dyn', 2],
    // Each change in the order of what it picks is a kink, and they are many; what is lost shows in tenths.
    ['topk-ts', 1, 5e-2],
  ] as [string, number, number?][])('%s, images: %i', async (name, images, tolerance = 1e-2) => {
    expect(await worstError(read(name), images)).toBeLessThan(tolerance);
  });
});

test('a batch norm in training whose constants the runtime overwrites is refused by its name', () => {
  const found = inspect(read('batchnorm-training-mode'));
  expect(found).toMatchObject({ preparable: true, differentiable: false, craftable: false });
  expect(found.gradientReason).toMatch(/BatchNormalization node "bn" is in training mode/);
  expect(found.imagesMix).toMatch(/influence each other at the BatchNormalization node "bn".*training_mode/);
  expect(found.craftReason).toBe(found.imagesMix);
});

test.each(['attention23', 'stn-dyn', 'topk-ts', 'hidden-loss', 'hidden-labels', 'hidden-gradient'])(
  '%s can be crafted on',
  (name) => {
    expect(inspect(read(name))).toMatchObject({
      preparable: true,
      differentiable: true,
      craftable: true,
      missing: [],
      imagesMix: null,
    });
  },
);

test('operators of quantised arithmetic are named, all of them', () => {
  const found = inspect(read('q-QOperator'));
  expect(found.gradientReason).toMatch(/no gradient rule for the QLinearConv node "c_quantized"/);
  expect(found.craftReason).toMatch(/no gradient rule for the QLinearConv node "c_quantized"/);
  expect(found.missing.map(({ operator }) => operator)).toEqual(['QLinearConv', 'QLinearGlobalAveragePool', 'QGemm']);
});
