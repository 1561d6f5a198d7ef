import { setTimeout } from 'node:timers/promises';
import { serialize } from 'node:v8';
import { describe, expect, test } from 'vitest';
import { craft, gradientLimit } from '#shared/attacks';
import { openCompute } from '../../batch/compute/index.ts';
import { Spending } from '../../shared/attacks/budget.ts';
import { pack, restore, unpack } from '../../shared/attacks/state.ts';
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

describe('a state as bytes', () => {
  const state = {
    v: Float32Array.of(1, -0.5, Number.NaN),
    odd: Int32Array.of(7),
    double: Float64Array.of(Math.PI),
    losses: [1, Number.NaN, Number.NEGATIVE_INFINITY, null, true, 'text'],
    inner: { memory: { best: null, looks: [{ loss: 2, fooled: false }] }, ['__proto__']: 3 },
  };

  test('comes back as it was, wherever the bytes lie', () => {
    const bytes = pack('ü one', state);
    // What readFile gives: a Buffer, which may be part of a larger one.
    const moved = Buffer.concat([Buffer.of(1, 2, 3), bytes]);
    expect(unpack('ü one', moved.subarray(3))).toEqual(state);
  });

  test('is refused where it belongs to another craft, or is damaged anywhere', () => {
    const bytes = pack('one', state);
    expect(() => unpack('two', bytes)).toThrow(/belongs to another craft.*--fresh/);
    for (let length = 0; length < bytes.length; length += 3)
      expect(() => unpack('one', bytes.subarray(0, length))).toThrow(/cannot be read: it is damaged/);
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
