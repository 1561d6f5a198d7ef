import { describe, expect, test } from 'vitest';
import { type Model, withInputShape } from '#shared/graph';
import { type Floats, vectorJacobianProduct } from '../../batch/zoo/vjp.ts';
import { ints, nodeOf } from '../../shared/graph/model.ts';

/** Pixels less their mean over all images: each image has a part in the result of every other. */
const mixed: Model = {
  ...{ irVersion: 8, opset: 17, domains: {}, producer: 'test', name: 'test', metadata: {}, constants: new Map() },
  inputs: [{ name: 'x', type: 'float32', shape: ['N', 2] }],
  outputs: [{ name: 'y', type: 'float32', shape: ['N', 2] }],
  nodes: [nodeOf('ReduceMean', ['x'], 'mean', { axes: ints([0]) }), nodeOf('Sub', ['x', 'mean'], 'y')],
};

const rows = (images: number, at: (i: number) => number): Floats => ({
  data: Float32Array.from({ length: 2 * images }, (_, i) => at(i)),
  shape: [images, 2],
});
const product = (model: Model, images: number) =>
  vectorJacobianProduct(
    'the file',
    model,
    rows(images, (i) => i % 7),
    rows(images, (i) => i ** 2 % 5),
    {},
  );

/** The cotangent less its mean over the images of a batch. */
function expected(images: number, batch: number): number[] {
  const { data } = rows(images, (i) => i ** 2 % 5);
  return Array.from(data, (value, i) => {
    const first = 2 * batch * Math.floor(i / (2 * batch)) + (i % 2);
    let sum = 0;
    for (let n = 0; n < batch; n++) sum += data[first + 2 * n];
    return value - sum / batch;
  });
}

describe('where images influence each other', () => {
  test('all of them are one batch, however many', async () => {
    const { gradient } = await product(mixed, 50);
    for (const [i, value] of expected(50, 50).entries()) expect(gradient[i]).toBeCloseTo(value, 5);
  });

  test('a fixed batch is run again and again', async () => {
    const { gradient } = await product(withInputShape(mixed, [2, 2]), 6);
    for (const [i, value] of expected(6, 2).entries()) expect(gradient[i]).toBeCloseTo(value, 5);
  });

  test('a batch that would have to be filled up is refused', async () => {
    await expect(product(withInputShape(mixed, [2, 2]), 5)).rejects.toThrow(
      /takes 2 images at once, and there are 5.*influence each other at the ReduceMean node "mean"/,
    );
  });
});
