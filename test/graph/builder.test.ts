import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Builder } from '../../shared/graph/builder.ts';
import { modelOf, noise, open } from './support.ts';

/** Sums over the channels around each one, along an image that is one pixel wide and two high. */
async function around(data: Float32Array, channels: number, size: number, turned: boolean): Promise<Float32Array> {
  const x = { shape: [1, channels, 2, 1], data };
  const model = modelOf({ operator: 'Identity', x });
  const b = new Builder({ ...model, inputs: [{ name: 'x', type: 'float32', shape: x.shape }], nodes: [] });
  const y = b.aroundChannels('x', size, turned);
  const run = await open(b.finish({ outputs: [{ name: y, type: 'float32', shape: x.shape }] }));
  return (await run({ x }))[y];
}

test('the channels that LRN looks at are those of its definition, also where their number is even', async () => {
  const cases = fc.tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 9 }), fc.integer());
  await fc.assert(
    fc.asyncProperty(cases, async ([size, channels, seed]) => {
      const [data, weights] = [noise(2 * channels, seed), noise(2 * channels, seed + 1)];
      const sums = await around(data, channels, size, false);
      for (let c = 0; c < channels; c++) {
        // ONNX: from max(0, c - floor((size - 1) / 2)) to min(C - 1, c + ceil((size - 1) / 2)).
        const [from, to] = [c - Math.floor((size - 1) / 2), c + Math.ceil((size - 1) / 2)];
        for (const row of [0, 1]) {
          let expected = 0;
          for (let j = Math.max(0, from); j <= Math.min(channels - 1, to); j++) expected += data[2 * j + row];
          expect(sums[2 * c + row]).toBeCloseTo(expected, 5);
        }
      }
      // Its gradient is the transpose: <A x, w> = <x, A' w>.
      const back = await around(weights, channels, size, true);
      const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, i) => sum + value * b[i], 0);
      expect(dot(sums, weights)).toBeCloseTo(dot(data, back), 4);
    }),
    { numRuns: 30 },
  );
});
