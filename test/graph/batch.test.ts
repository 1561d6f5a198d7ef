import { expect, test } from 'vitest';
import { freeBatch, type Model } from '#shared/graph';
import { ints, nodeOf } from '../../shared/graph/model.ts';
import { floats, int64s } from '../../shared/graph/tensor.ts';
import { modelOf, noise, open } from './support.ts';

/** Tokens first, then the batch, as PyTorch's attention has them: merged for a product with weights, then parted. */
function tokensFirst(batch: number): Model {
  const x = { shape: [batch, 4, 6], data: new Float32Array(24 * batch) };
  return {
    ...modelOf({ operator: 'Identity', x }),
    inputs: [{ name: 'x', type: 'float32', shape: x.shape }],
    outputs: [{ name: 'y', type: 'float32', shape: [batch, 4, 5] }],
    constants: new Map([
      ['merged', int64s([4 * batch, 6])],
      ['parted', int64s([4, batch, 5])],
      ['weights', floats(noise(30, 3), [6, 5])],
    ]),
    nodes: [
      nodeOf('Transpose', ['x'], 'tokens', { perm: ints([1, 0, 2]) }),
      nodeOf('Reshape', ['tokens', 'merged'], 'rows'),
      nodeOf('MatMul', ['rows', 'weights'], 'products'),
      nodeOf('Reshape', ['products', 'parted'], 'again'),
      nodeOf('Transpose', ['again'], 'y', { perm: ints([1, 0, 2]) }),
    ],
  };
}

test.each([1, 2])(
  'a batch of %i that was merged with the tokens is freed: every image is what it is alone',
  async (batch) => {
    const run = await open(freeBatch(tokensFirst(batch)));
    const images = [noise(24, 5), noise(24, 6), noise(24, 7)];
    const together = await run({
      x: { shape: [3, 4, 6], data: Float32Array.from(images.flatMap((image) => [...image])) },
    });
    const weights = noise(30, 3);
    images.forEach((image, n) => {
      for (let token = 0; token < 4; token++) {
        for (let k = 0; k < 5; k++) {
          let expected = 0;
          for (let i = 0; i < 6; i++) expected += image[6 * token + i] * weights[5 * i + k];
          expect(together.y[20 * n + 5 * token + k]).toBeCloseTo(expected, 5);
        }
      }
    });
  },
);
