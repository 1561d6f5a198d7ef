/** Attacks on linear classifiers, where pencil and paper say what comes out. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { craft } from '#shared/attacks';
import type { Compute } from '#shared/compute';
import { l2Norm } from '#shared/images';
import { softmax } from '#shared/metrics';
import type { Norm } from '#shared/release';
import { random } from '#shared/synthetic';
import { openCompute } from '../../batch/compute/index.ts';
import { tinyModel } from '../support/tiny-model.ts';

let compute: Compute;
beforeAll(async () => {
  compute = await openCompute({ provider: 'cpu', workers: 2 });
});
afterAll(() => compute.close());

const seeds = fc.integer({ min: 1, max: 100_000 });

/** A linear classifier, and one photo twice, far from black and white so that nothing is clipped. */
function linear(seed: number, classes: number) {
  const model = tinyModel({ seed, classes });
  const { length, weights } = model;
  const draw = random(seed, 'grey photo');
  const photo = Uint8Array.from({ length }, () => 98 + draw.below(60));
  const column = (k: number) => Float64Array.from({ length }, (_, i) => weights[i * classes + k]);
  const logitsAt = (v: ArrayLike<number>) =>
    Array.from({ length: classes }, (_, k) => column(k).reduce((sum, w, i) => sum + (photo[i] + v[i] - 127.5) * w, 0));
  const scores = logitsAt(new Float64Array(length));
  const task = {
    ...{ compute, surrogates: [model], photos: { pixels: Uint8Array.from([...photo, ...photo]), size: model.size } },
    ...{ crafting: [0, 1], seed: 1 },
  };
  return { task, length, column, logitsAt, scores, own: scores.indexOf(Math.max(...scores)) };
}

const minus = (a: Float64Array, b: Float64Array) => a.map((value, i) => value - b[i]);
const largestDifference = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0);

describe('DeepFool', () => {
  test('goes straight to the nearest boundary, and beyond it by the overshoot', async () => {
    await fc.assert(
      fc.asyncProperty(
        seeds,
        fc.integer({ min: 2, max: 8 }),
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        async (seed, classes, overshoot) => {
          const { task, column, scores, own } = linear(seed, classes);
          const { v } = await craft({
            ...task,
            ...{ attack: 'uap', norm: '2' as const, epsilon: 3500, budget: { gradients: 50 * classes } },
            settings: { batch: 1, overshoot },
          });
          const steps = scores.flatMap((score, k) => {
            if (k === own) return [];
            const normal = minus(column(k), column(own));
            const distance = (scores[own] - score) / l2Norm(normal);
            return [{ distance, step: normal.map((w) => (distance * w) / l2Norm(normal)) }];
          });
          const [{ distance, step }] = steps.sort((a, b) => a.distance - b.distance);
          const expected = step.map((value) => (1 + overshoot) * value);
          // DeepFool's own hair beyond the boundary is 1e-4 long.
          expect(largestDifference(v, expected)).toBeLessThan(2e-4 * (1 + overshoot) + 1e-5 * distance);
        },
      ),
      { numRuns: 25 },
    );
  });
});

describe('SGA', () => {
  const settings = { batch: 2, flips: false, shift: 0, clamp: 1000 };

  test('of two classes takes every large step along the one normal, until the bound', async () => {
    const cases = fc.tuple(
      seeds,
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 14 }),
      fc.constantFrom<Norm>('inf', '2'),
    );
    await fc.assert(
      fc.asyncProperty(cases, async ([seed, walk, large, norm]) => {
        const { task, column, own } = linear(seed, 2);
        const epsilon = norm === 'inf' ? 10 : 100;
        const { v } = await craft({
          ...{ ...task, attack: 'sga', norm, epsilon, budget: { gradients: 2 * walk * large } },
          settings: { ...settings, walk, step: 0.1 },
        });
        const away = minus(column(1 - own), column(own));
        const gone = Math.min(1, 0.1 * large) * epsilon;
        const expected = away.map((w) => gone * (norm === 'inf' ? Math.sign(w) : w / l2Norm(away)));
        expect(largestDifference(v, expected)).toBeLessThan(1e-4 * epsilon);
      }),
      { numRuns: 25 },
    );
  });

  test('of more classes follows the sum of the gradients that it meets on its walk', async () => {
    const cases = fc.tuple(
      seeds,
      fc.integer({ min: 3, max: 6 }),
      fc.integer({ min: 1, max: 5 }),
      fc.constantFrom(0, 0.9),
    );
    await fc.assert(
      fc.asyncProperty(cases, async ([seed, classes, walk, momentum]) => {
        const { task, length, column, logitsAt, own } = linear(seed, classes);
        const [epsilon, step, large] = [150, 0.3, 6];
        const { v } = await craft({
          ...{ ...task, attack: 'sga', norm: '2' as const, epsilon, budget: { gradients: 2 * walk * large } },
          settings: { ...settings, walk, step, momentum },
        });
        // Softmax regression by hand: the gradient of -log p_own is W (p - e_own), and the attack climbs it.
        const climb = (u: Float64Array) => {
          const p = softmax(logitsAt(u));
          return p.reduce((sum, share, k) => {
            const weight = share - Number(k === own);
            return sum.map((value, i) => value + weight * column(k)[i]);
          }, new Float64Array(length));
        };
        const inside = (u: Float64Array) => u.map((value) => value * Math.min(1, epsilon / l2Norm(u)));
        const along = (u: Float64Array, direction: Float64Array) =>
          inside(u.map((value, i) => value + (step * epsilon * direction[i]) / l2Norm(direction)));
        let expected = new Float64Array(length);
        let memory = new Float64Array(length);
        for (let n = 0; n < large; n++) {
          let u = expected;
          let sum = new Float64Array(length);
          for (let k = 0; k < walk; k++) {
            const gradient = climb(u);
            sum = sum.map((value, i) => value + gradient[i]);
            u = along(u, gradient);
          }
          const total = sum.reduce((all, value) => all + Math.abs(value), 0);
          memory = memory.map((value, i) => momentum * value + sum[i] / total);
          expected = along(expected, memory);
        }
        expect(largestDifference(v, expected)).toBeLessThan(1e-3);
      }),
      { numRuns: 15 },
    );
  });
});
