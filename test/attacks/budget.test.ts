import { setTimeout } from 'node:timers/promises';
import { serialize } from 'node:v8';
import { describe, expect, test } from 'vitest';
import { Spending } from '../../batch/attacks/budget.ts';
import { craft, gradientLimit } from '../../batch/attacks/index.ts';
import { pack, restore, unpack } from '../../batch/attacks/state.ts';
import { openCompute } from '../../batch/compute/index.ts';
import { tinyModel, tinyPhotos } from '../support/tiny-model.ts';

describe('the budget of a craft', () => {
  test('ends after its gradients; without them at 20,000, or by its seconds alone', () => {
    expect(gradientLimit({ gradients: 300, fooling: 0.5 })).toBe(300);
    expect(gradientLimit({ fooling: 0.5 })).toBe(20_000);
    expect(gradientLimit({ seconds: 60 })).toBeNull();
  });

  test('counts what is spent, and says for how many photos the rest is enough', () => {
    const budget = new Spending({ gradients: 100 });
    expect(budget).toMatchObject({ gradients: 0, left: 100, progress: 0 });
    budget.spend(75);
    expect(budget).toMatchObject({ gradients: 75, left: 25, progress: 0.75 });
    expect(budget.photos(20, 1)).toBe(20);
    expect(budget.photos(20, 2)).toBe(12);
    budget.spend(30);
    expect(budget).toMatchObject({ progress: 1 });
    expect(budget.photos(20, 2)).toBe(1);
  });

  test('goes on with the gradients and seconds of the runs before', async () => {
    const first = new Spending({ gradients: 100, seconds: 3600 });
    first.spend(40);
    await setTimeout(30);
    const second = new Spending({ gradients: 100, seconds: 3600 });
    restore(second.state, unpack('one', pack('one', first.now())));
    expect(second.gradients).toBe(40);
    expect(second.seconds).toBeGreaterThanOrEqual(0.03);
    expect(second.progress).toBe(0.4);
  });

  test('is used by whichever of gradients and seconds is further', () => {
    const budget = new Spending({ gradients: 100, seconds: 3600 });
    budget.state.seconds = 1800;
    expect(budget.progress).toBeCloseTo(0.5, 3);
    budget.spend(80);
    expect(budget.progress).toBe(0.8);
    expect(budget.secondsLeft(2)).toBeCloseTo(10, 5);
    expect(budget.secondsLeft(0.001)).toBeCloseTo(1800, 0);
  });
});

test('a checkpoint of another layout is refused, not read into other places', async () => {
  const compute = await openCompute({ provider: 'cpu', workers: 1 });
  const before = new Uint8Array(serialize({ identity: 'any', state: { course: {}, memory: {} } }));
  try {
    const crafting = craft({
      ...{ compute, surrogates: [tinyModel()], photos: tinyPhotos(), crafting: [0, 1, 2], attack: 'sgd-uap' },
      ...{ norm: 'inf', epsilon: 10, budget: { gradients: 10 } },
      checkpoints: { load: async () => before, save: async () => {} },
    });
    await expect(crafting).rejects.toThrow(/written by another version of the Atlas.*--fresh/);
  } finally {
    await compute.close();
  }
});
