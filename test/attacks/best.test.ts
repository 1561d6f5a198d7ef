/** Which of its iterates a craft gives: scripted ones, of which it is known how many photos each fools. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { craft } from '#shared/attacks';
import type { Compute } from '#shared/compute';
import { argmax } from '#shared/metrics';
import { random } from '#shared/synthetic';
import { openCompute } from '../../batch/compute/index.ts';
import { attack } from '../../shared/attacks/attack.ts';
import { drive } from '../../shared/attacks/drive.ts';
import { Surrogates } from '../../shared/attacks/surrogates.ts';
import type { Checkpoints } from '../../shared/attacks/types.ts';
import { tinyModel, tinyPhotos } from '../support/tiny-model.ts';

let compute: Compute;
beforeAll(async () => {
  compute = await openCompute({ provider: 'cpu', workers: 1 });
});
afterAll(() => compute.close());

const model = tinyModel();
const { length, classes, weights } = model;
const count = 12;
const draw = random(3, 'grey photos');
const pixels = Uint8Array.from({ length: count * length }, () => 100 + draw.below(56));
const labelAt = (photo: number, v: ArrayLike<number>) =>
  argmax(
    Array.from({ length: classes }, (_, k) =>
      Array.from({ length }, (_, i) => (pixels[photo * length + i] + v[i] - 127.5) * weights[i * classes + k]).reduce(
        (sum, x) => sum + x,
      ),
    ),
  );
const nothing = new Float32Array(length);
const clean = Array.from({ length: count }, (_, photo) => labelAt(photo, nothing));
const target = 2;

/** What noise of a seed does: photos whose label changes, and photos of other classes that become the target. */
function effectOf(seed: number) {
  const noise = random(seed, 'noise');
  const v = Float32Array.from({ length }, () => Math.round(90 * (noise.uniform() - 0.5)));
  const labels = clean.map((_, photo) => labelAt(photo, v));
  const fooled = labels.filter((label, i) => label !== clean[i]).length;
  return { v, fooled, reached: labels.filter((label, i) => label === target && clean[i] !== target).length };
}
const effects = Array.from({ length: 400 }, (_, seed) => effectOf(seed + 1));
const find = (fits: (effect: (typeof effects)[number]) => boolean) => {
  const found = effects.find(fits);
  if (!found) throw new Error('no noise has that effect');
  return found;
};

/** Drives an attack that moves to one iterate after the other, a tenth of the budget each. */
function scripted(iterates: Float32Array[], budget: { gradients: number; fooling?: number }, settings = {}) {
  const steps = attack({
    ...{ name: 'scripted', source: import.meta.url, summary: 'iterates', paper: null },
    ...{ usesModel: true, ensembles: false, keeps: 'best' },
    settings: z.strictObject({ target: z.int().optional() }),
    begin(surrogates, budget) {
      const state = { v: new Float32Array(length), step: 0 };
      return {
        state,
        async step() {
          state.v.set(iterates[Math.min(state.step++, iterates.length - 1)]);
          budget.spend(100);
          for (let i = 0; i < count; i++) surrogates.running.add(0, true);
          return true;
        },
      };
    },
  });
  const task = {
    ...{ compute, surrogates: [model], photos: { pixels, size: 8 }, crafting: clean.map((_, i) => i) },
    ...{ norm: 'inf' as const, epsilon: 100, seed: 1, budget },
  };
  return drive(task, steps, settings);
}

describe('the best iterate', () => {
  const many = find(({ fooled, reached }) => fooled >= 6 && reached <= 1);
  const few = find(({ fooled }) => fooled === 1);
  const aimed = find(({ fooled, reached }) => reached >= 3 && fooled < many.fooled);

  test('is the result, whatever comes after it', async () => {
    const { v, fooling } = await scripted([few.v, many.v, few.v, few.v], { gradients: 1000 });
    expect(v).toEqual(many.v);
    expect(fooling).toMatchObject({ photos: count, fooled: many.fooled });
  });

  test('is the earlier of two that fool as many', async () => {
    const equal = find((effect) => effect !== many && effect.fooled === many.fooled);
    expect((await scripted([many.v, equal.v, few.v], { gradients: 1000 })).v).toEqual(many.v);
    expect((await scripted([equal.v, many.v, few.v], { gradients: 1000 })).v).toEqual(equal.v);
  });

  test('is under a target the one that most photos are taken for it with, not the one that fools most', async () => {
    const iterates = [aimed.v, many.v, few.v];
    expect((await scripted(iterates, { gradients: 1000 })).v).toEqual(many.v);
    const { v, success } = await scripted(iterates, { gradients: 1000 }, { target });
    expect(v).toEqual(aimed.v);
    expect(success).toMatchObject({ photos: clean.filter((label) => label !== target).length, fooled: aimed.reached });
  });

  test('ends a craft at a ratio of the target where there is one, and of any label otherwise', async () => {
    const ratio = many.fooled / count;
    const free = await scripted([many.v, few.v], { gradients: 1000, fooling: ratio });
    expect(free).toMatchObject({ gradients: 100, v: many.v });
    const other = await scripted([many.v, few.v], { gradients: 1000, fooling: ratio }, { target });
    expect(other.gradients).toBe(1000);
  });
});

test('a photo counts as fooled where its label is another one, and with a target only where it is that', async () => {
  const task = {
    ...{ compute, surrogates: [model], photos: { pixels, size: 8 }, crafting: clean.map((_, i) => i) },
    ...{ norm: 'inf' as const, epsilon: 10, seed: 1, budget: { gradients: 1 } },
  };
  const free = await Surrogates.open(task, { ensemble: 'loss' });
  const aimed = await Surrogates.open(task, { ensemble: 'loss', target });
  const [view] = free.views;
  clean.forEach((label, photo) => {
    expect(view.labels[2 * photo]).toBe(label);
    for (let other = 0; other < classes; other++) {
      expect(free.isFooled(view, 2 * photo, other)).toBe(other !== label);
      expect(aimed.isFooled(view, 2 * photo, other)).toBe(other === target);
    }
  });
});

describe('a checkpoint', () => {
  /** Crafts until a checkpoint was written, and says what another craft makes of it. */
  async function taken(by: object) {
    const task = {
      ...{ compute, surrogates: [tinyModel()], photos: tinyPhotos(), crafting: [0, 1, 2, 3], attack: 'sgd-uap' },
      ...{ norm: 'inf' as const, epsilon: 10, seed: 1, budget: { gradients: 200 } },
    };
    let saved: Uint8Array | null = null;
    const checkpoints: Checkpoints = {
      load: async () => saved,
      save: async (bytes) => {
        saved = bytes;
      },
    };
    const controller = new AbortController();
    const onProgress = ({ gradients }: { gradients: number }) => gradients >= 60 && controller.abort();
    await craft({ ...task, checkpoints, onProgress, signal: controller.signal }).catch(() => undefined);
    expect(saved).not.toBeNull();
    return craft({ ...task, checkpoints, ...by });
  }

  test('is taken up by the same craft', async () => {
    expect((await taken({})).resumedFrom).toBeGreaterThanOrEqual(60);
  });

  test.each<[string, object]>([
    ['seed', { seed: 2 }],
    ['photos', { photos: tinyPhotos({ seed: 2 }) }],
    ['choice of photos', { crafting: [0, 1, 2, 4] }],
    ['order of photos', { crafting: [1, 0, 2, 3] }],
    ['model', { surrogates: [tinyModel({ seed: 2 })] }],
    ['bound', { epsilon: 11 }],
    ['budget', { budget: { gradients: 201 } }],
    ['settings', { settings: { clamp: 8 } }],
  ])('is refused by a craft of another %s', async (_what, by) => {
    await expect(taken(by)).rejects.toThrow(/belongs to another craft/);
  });
});
