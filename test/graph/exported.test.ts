import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { readSafetensors } from '#shared/formats';
import { differentiate, freeBatch, keepsBatchApart, type Model, readModel, withCotangent } from '#shared/graph';
import { open, relativeDifference } from './support.ts';

const folder = new URL('../fixtures/exported/', import.meta.url);
const bytes = (file: string) => new Uint8Array(readFileSync(new URL(file, folder)));
const names = readdirSync(folder)
  .filter((file) => file.endsWith('.onnx'))
  .map((file) => file.slice(0, -'.onnx'.length));

/** Input, cotangent, and what the exporting framework computed from them in float64: logits and gradient. */
function expected(name: string) {
  const { input, cotangent, logits, gradient } = readSafetensors(bytes(`${name}.safetensors`)).tensors;
  return { input, cotangent, logits, gradient };
}

const read = (name: string): Model => readModel(bytes(`${name}.onnx`), { external: bytes });

/** Runs the vector-Jacobian product of the model as it is. */
async function vjp(model: Model, input: Tensor, cotangent: Tensor) {
  const run = await open(differentiate(withCotangent(model), { of: 'loss', wrt: model.inputs[0].name }));
  const results = await run({ [model.inputs[0].name]: input, cotangent });
  return { gradient: results.gradient, logits: results[model.outputs[0].name] };
}

interface Tensor {
  data: Float32Array<ArrayBuffer>;
  shape: number[];
}

/** The n-th image, or row of logits, of a batch. */
function one({ data, shape }: Tensor, n: number): Tensor {
  const length = data.length / shape[0];
  return { data: data.slice(n * length, (n + 1) * length), shape: [1, ...shape.slice(1)] };
}

/** The tensor, and itself in reverse order of its rows: another image where there was one. */
function doubled({ data, shape }: Tensor): Tensor {
  const result = new Float32Array(2 * data.length);
  result.set(data);
  result.set(data.toReversed(), data.length);
  return { data: result, shape: [2 * shape[0], ...shape.slice(1)] };
}

describe.each(names)('%s, as exported', (name) => {
  test('has the logits and the gradient that its framework computes in float64', async () => {
    const { input, cotangent, logits, gradient } = expected(name);
    const model = read(name);
    const fixed = model.inputs[0].shape?.[0] === 1 && input.shape[0] > 1;
    const found = await vjp(fixed ? freeBatch(model) : model, input, cotangent);
    expect(relativeDifference(found.logits, logits.data)).toBeLessThan(1e-4);
    expect(relativeDifference(found.gradient, gradient.data)).toBeLessThan(1e-4);
  });

  test('gives every image of a batch the gradient that it has alone, whatever batch it was exported for', async () => {
    const { input, cotangent } = expected(name);
    const free = freeBatch(read(name));
    const images = doubled(input);
    const cotangents = doubled(cotangent);
    const together = await vjp(free, images, cotangents);
    const length = together.gradient.length / images.shape[0];
    for (let n = 0; n < images.shape[0]; n++) {
      const alone = await vjp(free, one(images, n), one(cotangents, n));
      expect(relativeDifference(alone.gradient, together.gradient.slice(n * length, (n + 1) * length))).toBeLessThan(
        1e-4,
      );
    }
  });
});

test('the batch keeps an axis of its own unless windows share it', () => {
  expect(['mobilenet3', 'caffenet', 'convnext2'].filter((name) => !keepsBatchApart(freeBatch(read(name))))).toEqual([]);
  expect(['swin', 'swin2'].filter((name) => keepsBatchApart(freeBatch(read(name))))).toEqual([]);
});
