import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import type { Compute } from '#shared/compute';
import { argmax } from '#shared/metrics';
import { random } from '#shared/synthetic';
import { openCompute } from '../../batch/compute/index.ts';
import { attack } from '../../shared/attacks/attack.ts';
import { drive } from '../../shared/attacks/drive.ts';
import { tinyModel } from '../support/tiny-model.ts';

let compute: Compute;
beforeAll(async () => {
  compute = await openCompute({ provider: 'cpu', workers: 1 });
});
afterAll(() => compute.close());

const model = tinyModel();
const { length, classes, weights } = model;
const labelAt = (photo: Uint8Array, v: ArrayLike<number>) =>
  argmax(
    Array.from({ length: classes }, (_, k) =>
      photo.reduce((sum, pixel, i) => sum + (pixel + v[i] - 127.5) * weights[i * classes + k], 0),
    ),
  );
const draw = random(3, 'two photos');
const [first, second] = [0, 1].map(() => Uint8Array.from({ length }, () => 100 + draw.below(56)));

/** Noise that changes the label of one photo and not that of the other. */
function fooling(only: Uint8Array, not: Uint8Array): Float32Array {
  const nothing = new Float32Array(length);
  for (let seed = 1; ; seed++) {
    const noise = random(seed, 'noise');
    const v = Float32Array.from({ length }, () => Math.round(60 * (noise.uniform() - 0.5)));
    if (labelAt(only, v) !== labelAt(only, nothing) && labelAt(not, v) === labelAt(not, nothing)) return v;
  }
}

test('a budget of fooling gives the iterate that reached it, not the one that looked best on fewer photos', async () => {
  // The first 200 photos are what is looked at for the best: 150 are of one kind. Of all 310, 160 are of the other.
  const kinds = Array.from({ length: 310 }, (_, i) => (i < 150 ? first : second));
  const pixels = new Uint8Array(kinds.length * length);
  kinds.forEach((kind, i) => {
    pixels.set(kind, i * length);
  });
  const iterates = [fooling(first, second), fooling(second, first)];
  const scripted = attack({
    ...{ name: 'scripted', source: import.meta.url, summary: 'two iterates', paper: null },
    ...{ usesModel: true, ensembles: false, keeps: 'best' },
    settings: z.strictObject({}),
    begin(surrogates, budget) {
      const state = { v: new Float32Array(length), step: 0 };
      const step = async () => {
        state.v.set(iterates[Math.min(state.step++, 1)]);
        budget.spend(150);
        for (let i = 0; i < kinds.length; i++) surrogates.running.add(0, true);
        return true;
      };
      return { state, step };
    },
  });
  const {
    v,
    growth,
    fooling: reached,
  } = await drive(
    {
      ...{ compute, surrogates: [model], photos: { pixels, size: 8 }, crafting: kinds.map((_, i) => i) },
      ...{ norm: 'inf', epsilon: 100, seed: 1, budget: { gradients: 1000, fooling: 0.5 } },
    },
    scripted,
    {},
  );
  expect(v).toEqual(iterates[1]);
  // What was kept after the last step is the result, once.
  expect(growth.map(({ gradients }) => gradients)).toEqual([150, 300]);
  expect(growth.at(-1)?.middle).toEqual(iterates[1]);
  expect(reached).toMatchObject({ photos: 310, fooled: 160 });
});
