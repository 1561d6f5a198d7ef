/** What the worker that crafts in a browser is made of, as far as it needs no browser. */
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { craft } from '#shared/attacks';
import type { Compute } from '#shared/compute';
import { sha256Hex } from '#shared/release';
import { openCompute } from '../../batch/compute/index.ts';
import { Control } from '../../site/craft/control.ts';
import { craftingOf, divide } from '../../site/craft/divide.ts';
import { Looking } from '../../site/craft/looking.ts';
import { foolingOf, readingsOf } from '../../site/craft/networks.ts';
import { Pace } from '../../site/craft/pace.ts';
import { tinyModel, tinyPhotos } from '../support/tiny-model.ts';

const inOrder = (names: string[]) => names.sort((a, b) => (sha256Hex(a) < sha256Hex(b) ? -1 : 1));
const onSide = (isCrafting: boolean, count: number) =>
  Array.from({ length: 40 * count }, (_, i) => `photo ${i}.jpg`)
    .filter((name) => sha256Hex(name)[0] < '8' === isCrafting)
    .slice(0, count);

describe('photos of a visitor', () => {
  test('stand on the side that their name gives them', () => {
    expect(craftingOf(inOrder([...onSide(true, 7), ...onSide(false, 5)]))).toBe(7);
    expect(craftingOf(inOrder([...onSide(true, 3), ...onSide(false, 9)]))).toBe(3);
  });

  test('are halved in that order where one side would have less than a quarter', () => {
    expect(craftingOf(inOrder(onSide(false, 12)))).toBe(6);
    expect(craftingOf(inOrder([...onSide(true, 2), ...onSide(false, 9)]))).toBe(6);
    expect(craftingOf(inOrder([...onSide(true, 11), ...onSide(false, 1)]))).toBe(6);
    expect(craftingOf(inOrder(onSide(true, 3)))).toBe(2);
  });

  test('that look like one that crafts are not held out', () => {
    const size = 32;
    const length = 3 * size * size;
    const pixels = new Uint8Array(4 * length);
    // Two slopes; the third photo is the first one, darker.
    for (let i = 0; i < length; i++) {
      const [x, y] = [i % size, Math.floor(i / size) % size];
      pixels[i] = 4 * x + y;
      pixels[length + i] = 200 - 4 * y + x;
      pixels[2 * length + i] = 3 * x + y;
      pixels[3 * length + i] = (x * x + 7 * y * y) % 251;
    }
    expect(divide(['a', 'b', 'c', 'd'], pixels, size, 2)).toEqual({ crafting: [0, 1], heldOut: [3], alike: [2] });
  });
});

describe('a visitor', () => {
  test('may hold a craft, let it go on, and end it', async () => {
    const control = new Control();
    await control.gate();
    control.pause();
    let isThrough = false;
    const through = control.gate().then(() => (isThrough = true));
    await setTimeout(30);
    expect(isThrough).toBe(false);
    control.goOn();
    await through;
    expect(control.held).toBeGreaterThanOrEqual(25);
    control.pause();
    control.stop();
    await control.gate();
    expect(control.stopped).toBe(true);
  });

  test('is told some times a second how fast it goes, without the time in which it did not craft', () => {
    let now = 0;
    const pace = new Pace(() => now);
    expect(pace.isDue(false)).toBe(true);
    expect(pace.isDue(false)).toBe(false);
    expect(pace.isDue(true)).toBe(true);
    const at = (gradients: number) => pace.times({ gradients, done: gradients, total: 100 });
    expect(at(10)).toEqual({ gradientsPerSecond: 0, secondsLeft: null });
    now = 2000;
    expect(at(20)).toEqual({ gradientsPerSecond: 5, secondsLeft: 16 });
  });
});

describe('looking at photos while a pattern grows', () => {
  let compute: Compute;
  beforeAll(async () => {
    compute = await openCompute({ provider: 'cpu', workers: 1 });
  });
  afterAll(() => compute.close());

  const model = tinyModel();
  const network = {
    ...{ id: 'tiny', title: 'Tiny', sha256: model.sha256, graph: { bytes: model.bytes }, labels: [] },
    ...{ bytes: model.bytes, names: ['first', 'second', 'third'] },
  };
  const photos = {
    ...tinyPhotos(),
    ...{ names: Array.from({ length: 12 }, (_, i) => `${i}`), skipped: [] },
    ...{ crafting: [0, 1, 2, 3, 4, 5], heldOut: [6, 7, 8, 9, 10, 11] },
  };

  test('shows held-out photos and crafting ones, and counts the held-out ones that are fooled', async () => {
    const looking = new Looking(compute, network, photos);
    const shown = await looking.begin();
    expect(shown.map(({ name, crafts }) => [name, crafts])).toEqual([
      ...[6, 7, 8, 9, 10, 11].map((i) => [`${i}`, false]),
      ...[0, 1, 2, 3].map((i) => [`${i}`, true]),
    ]);
    expect(shown[0].canvas).toEqual(photos.pixels.slice(6 * model.length, 7 * model.length));
    const { v } = await craft({
      ...{ compute, photos, crafting: photos.crafting, surrogates: [model], attack: 'sgd-uap' },
      ...{ norm: 'inf', epsilon: 40, budget: { gradients: 60 } },
    });
    const { heldOut, shown: after } = await looking.look(v);
    const indices = photos.heldOut;
    const before = await readingsOf(compute, network, { photos, indices, v: null });
    const found = await readingsOf(compute, network, { photos, indices, v });
    expect(heldOut).toEqual(foolingOf(before, found));
    expect(heldOut?.fooled).toBeGreaterThan(0);
    expect(after.slice(0, 6)).toEqual(found);
    expect(shown.slice(0, 6).map(({ before: reading }) => reading)).toEqual(before);
    // The fourth class has no name.
    for (const { index, label } of found) expect(label).toBe(network.names[index] ?? 'class 3');
    expect(looking.spent).toBeGreaterThan(0);
  });

  test('takes a small part of the time', () => {
    const now = vi.spyOn(performance, 'now').mockReturnValue(0);
    const looking = new Looking(compute, network, photos);
    now.mockReturnValue(10_000);
    looking.spent = 1400;
    expect(looking.isDue).toBe(true);
    looking.spent = 1600;
    expect(looking.isDue).toBe(false);
    now.mockReturnValue(12_000);
    expect(looking.isDue).toBe(true);
    now.mockRestore();
  });

  test('does not count "tampered with" as fooled, and has no photo read so before', async () => {
    const hardened = { ...network, tampered: 3 };
    const indices = photos.heldOut;
    const before = await readingsOf(compute, hardened, { photos, indices, v: null });
    expect(before.every(({ index }) => index < 3)).toBe(true);
    const all = before.map((reading) => ({ ...reading, index: 3 }));
    expect(foolingOf(before, all, 3).fooled).toBe(0);
    expect(foolingOf(before, all).fooled).toBe(6);
  });
});
