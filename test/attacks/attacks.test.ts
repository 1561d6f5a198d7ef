import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  attacks,
  controlRecipe,
  craft,
  describeSettings,
  findAttack,
  isControl,
  noiseControl,
  parseSettings,
} from '#shared/attacks';
import type { Compute } from '#shared/compute';
import { l2Norm, linfNorm } from '#shared/images';
import { random } from '#shared/synthetic';
import { openCompute } from '../../batch/compute/index.ts';
import { noise } from '../../shared/attacks/noise.ts';
import { adam, momentumSteps, stepAt } from '../../shared/attacks/optimisers.ts';
import { photosInOrder } from '../../shared/attacks/pictures.ts';
import { augmentedPhotos, meanCanvas, rangeNoise } from '../../shared/attacks/priors.ts';
import { tinyModel, tinyPhotos } from '../support/tiny-model.ts';

const surrogate = tinyModel();
const photos = tinyPhotos({ count: 24 });
const crafting = Array.from({ length: 20 }, (_, i) => i);

let compute: Compute;
beforeAll(async () => {
  compute = await openCompute({ provider: 'cpu', workers: 2 });
});
afterAll(() => compute.close());

const task = (more: Partial<Parameters<typeof craft>[0]> = {}) => ({
  compute,
  surrogates: [surrogate],
  photos,
  crafting,
  attack: 'cosine-uap',
  norm: 'inf' as const,
  epsilon: 10,
  seed: 1,
  budget: { gradients: 200 },
  ...more,
});

describe('random', () => {
  test('is uniform, normal, and a true shuffle', () => {
    const draw = random(7, 'test');
    const uniform = Array.from({ length: 20_000 }, () => draw.uniform());
    expect(Math.min(...uniform)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...uniform)).toBeLessThan(1);
    expect(mean(uniform)).toBeCloseTo(0.5, 1);
    expect(mean(uniform.map((x) => x * x))).toBeCloseTo(1 / 3, 1);
    const normal = Array.from({ length: 20_000 }, () => draw.normal());
    expect(Math.abs(mean(normal))).toBeLessThan(0.03);
    expect(mean(normal.map((x) => x * x))).toBeCloseTo(1, 1);
    expect(draw.order(100).toSorted((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i));
    expect(draw.order(100)).not.toEqual(draw.order(100));
  });

  test('repeats for a seed, and differs between seeds and between streams', () => {
    const bits = (seed: number, stream: string) => {
      const draw = random(seed, stream);
      return Array.from({ length: 4 }, () => draw.bits());
    };
    expect(bits(1, 'a')).toEqual(bits(1, 'a'));
    expect(bits(1, 'a')).not.toEqual(bits(2, 'a'));
    expect(bits(1, 'a')).not.toEqual(bits(1, 'b'));
  });
});

describe('noise', () => {
  test.each([
    ['sign', 'inf'],
    ['uniform', 'inf'],
    ['gaussian', 'inf'],
    ['sign', '2'],
    ['uniform', '2'],
    ['gaussian', '2'],
  ] as const)('%s keeps its bound under norm %s', async (distribution, norm) => {
    const epsilon = norm === 'inf' ? 10 : 300;
    const { v } = await craft(task({ attack: 'noise', surrogates: [], settings: { distribution }, norm, epsilon }));
    if (norm === 'inf') expect(linfNorm(v)).toBeLessThanOrEqual(10);
    else expect(l2Norm(v)).toBeCloseTo(300, 2);
    expect(Math.abs(mean([...v]))).toBeLessThan(l2Norm(v) / Math.sqrt(v.length));
  });

  test('controls are random signs of size epsilon, or a direction of length epsilon', () => {
    const signs = noiseControl(1000, { norm: 'inf', epsilon: 10, seed: 3 });
    expect(new Set(signs)).toEqual(new Set([-10, 10]));
    const direction = noiseControl(1000, { norm: '2', epsilon: 2000, seed: 3 });
    expect(Math.abs(l2Norm(direction) - 2000) / 2000).toBeLessThan(1e-6);
    expect(noiseControl(1000, { norm: '2', epsilon: 2000, seed: 4 })).not.toEqual(direction);
  });
});

describe('the control as an attack', () => {
  test('of blocks has one sign for each 4 x 4 pixels of a colour, both signs, and its bound', () => {
    const { norm, epsilon, size } = { norm: 'inf' as const, epsilon: 10, size: 10 };
    const v = noise(3 * size * size, { distribution: 'blocks', norm, epsilon, seed: 1 });
    const blocks = new Map<string, Set<number>>();
    v.forEach((value, i) => {
      const [c, y, x] = [Math.floor(i / size ** 2), Math.floor(i / size) % size, i % size];
      const block = `${c} ${Math.floor(y / 4)} ${Math.floor(x / 4)}`;
      blocks.set(block, (blocks.get(block) ?? new Set()).add(value));
    });
    expect(blocks.size).toBe(27);
    const values = [...blocks.values()].map((of) => [...of]);
    expect(values.every((of) => of.length === 1 && Math.abs(of[0]) === 10)).toBe(true);
    const positive = values.filter(([value]) => value > 0).length;
    expect(positive).toBeGreaterThan(5);
    expect(positive).toBeLessThan(22);
    const long = noise(3 * size * size, { distribution: 'blocks', norm: '2', epsilon: 500, seed: 1 });
    expect(l2Norm(long)).toBeCloseTo(500, 3);
  });

  test.each(['inf', '2'] as const)('draws the noise control under norm %s, and knows itself', async (norm) => {
    const bound = { norm, epsilon: norm === 'inf' ? 10 : 300, seed: 3 };
    const { v, settings } = await craft(task({ ...controlRecipe, ...bound, surrogates: [] }));
    expect(v).toEqual(noiseControl(surrogate.length, bound));
    expect(isControl(controlRecipe.attack, settings)).toBe(true);
    expect(isControl(controlRecipe.attack, { distribution: 'uniform' })).toBe(false);
    expect(isControl('cosine-uap', {})).toBe(false);
  });
});

describe('optimisers', () => {
  test('steps decay along half a cosine', () => {
    const schedule = { step: 2, decayTo: 0.1 };
    expect([0, 0.5, 1, 2].map((progress) => stepAt(schedule, progress))).toEqual([2, 1.1, 0.2, 0.2]);
  });

  test('momentum steps go against the sign of the accumulated, L1-normalised gradient', () => {
    const optimiser = momentumSteps(3, { step: 1, decayTo: 1, norm: 'inf', momentum: 0.5 });
    const v = new Float32Array(3);
    optimiser.step(v, new Float32Array([3, -1, 0]), 0);
    expect([...v]).toEqual([-1, 1, 0]);
    // m = 0.5 * (0.75, -0.25, 0) + (-0.1, -0.1, 0.8): a hundredfold gradient weighs no more than the first one.
    optimiser.step(v, new Float32Array([-10, -10, 80]), 0);
    expect([...v]).toEqual([-2, 2, -1]);
  });

  test('momentum steps under norm 2 have the length of the step', () => {
    const v = new Float32Array(4);
    momentumSteps(4, { step: 5, decayTo: 1, norm: '2', momentum: 0.9 }).step(v, new Float32Array([3, 0, -4, 0]), 0);
    expect([...v]).toEqual([-3, 0, 4, 0]);
  });

  test('looks ahead by the momentum of a step, along the momentum, and moves nothing', () => {
    const optimiser = momentumSteps(3, { step: 2, decayTo: 1, norm: 'inf', momentum: 0.5 });
    const v = new Float32Array(3);
    const ahead = new Float32Array(3);
    optimiser.lookAhead?.(v, ahead, 0);
    expect([...ahead]).toEqual([0, 0, 0]);
    optimiser.step(v, new Float32Array([3, -1, 0]), 0);
    optimiser.lookAhead?.(v, ahead, 0);
    expect([...ahead]).toEqual([-3, 3, 0]);
    expect([...v]).toEqual([-2, 2, 0]);
  });

  test('the first step of Adam has the same size for every value, however small its gradient', () => {
    const v = new Float32Array(2);
    adam(2, { step: 0.5, decayTo: 1 }).step(v, new Float32Array([1e-9, -4]), 0);
    expect(v[0]).toBeCloseTo(-0.5, 5);
    expect(v[1]).toBeCloseTo(0.5, 5);
  });
});

describe('photos in order', () => {
  test('come once in each round, and are enlarged only once they have been seen as often as was asked', () => {
    const of = { flips: false, shift: 0, zoom: 0.3, zoomAfter: 2 };
    const items = photosInOrder({ crafting: [3, 5, 7, 9], photos, seed: 1 }, of).next(16);
    for (const round of [0, 4, 8, 12]) {
      expect(new Set(items.slice(round, round + 4).map(({ photo }) => photo))).toEqual(new Set([3, 5, 7, 9]));
    }
    const zooms = items.map(({ zoom }) => zoom ?? 1);
    expect(zooms.slice(0, 8)).toEqual(Array(8).fill(1));
    for (const zoom of zooms.slice(8)) expect(zoom > 1 && zoom <= 1.3).toBe(true);
  });
});

describe('the pictures of the data-free attacks', () => {
  const items = { photos: { pixels: photos.pixels, size: 8 }, crafting: [3, 5, 7, 9], seed: 1 };
  const inputs = { compute: undefined as never, norm: 'inf' as const, epsilon: 10, ...items };

  test('are the crafting photos once in each round, each another way, under the rows of their clean predictions', async () => {
    const pictures = augmentedPhotos(inputs);
    const [first, second] = [
      await pictures.next(4, new Float32Array(0), 0),
      await pictures.next(4, new Float32Array(0), 0),
    ];
    for (const { items } of [first, second]) {
      expect(new Set(items.map(({ row }) => Math.floor((row as number) / 2)))).toEqual(new Set([0, 1, 2, 3]));
    }
    expect(first.photos?.pixels).not.toEqual(second.photos?.pixels);
  });

  test('are noise that no crafting photo has a part in, smoothed unless told not to', async () => {
    const [seen, plain] = await Promise.all(
      [true, false].map((augment) => rangeNoise(inputs, { augment }).next(40, new Float32Array(0), 0)),
    );
    const roughness = ({ photos }: typeof seen) => {
      const pixels = photos?.pixels as Uint8Array;
      const steps = Array.from({ length: pixels.length - 1 }, (_, i) => (i % 8 === 7 ? 0 : pixels[i + 1] - pixels[i]));
      return mean(steps.map((step) => step * step));
    };
    expect(roughness(seen)).toBeLessThan(0.7 * roughness(plain));
    expect([...seen.items, ...plain.items].every(({ row }) => row === undefined)).toBe(true);
  });

  test('without any prior are the mean colour', async () => {
    const { photos } = await meanCanvas(inputs).next(1, new Float32Array(0), 0);
    expect([0, 64, 128].map((at) => photos?.pixels[at])).toEqual([124, 117, 104]);
  });
});

describe('settings', () => {
  test('have their defaults, and describe themselves', () => {
    expect(parseSettings(findAttack('sgd-uap'))).toMatchObject({ clamp: 9, batch: 20, flips: true });
    for (const attack of attacks.values()) {
      for (const setting of describeSettings(attack)) expect(setting.description).not.toBe('');
    }
  });

  test('name the nearest one when unknown, and the wrong one', () => {
    expect(() => findAttack('cosine-uaq')).toThrow(/Did you mean "cosine-uap"/);
    expect(() => parseSettings(findAttack('cosine-uap'), { momentun: 0.9 })).toThrow(/Did you mean "momentum"/);
    expect(() => parseSettings(findAttack('cosine-uap'), { batch: 'many' })).toThrow(/"batch" of cosine-uap is wrong/);
  });
});

describe('crafting', () => {
  test.each([
    ['cosine-uap', {}, 'inf', 25],
    ['cosine-uap', { optimiser: 'adam' }, 'inf', 25],
    ['cosine-uap', {}, '2', 250],
    ['sgd-uap', {}, 'inf', 25],
    ['sgd-uap', {}, '2', 250],
  ] as const)(
    '%s %o under norm %s fools far more than noise, within its bound',
    async (attack, settings, norm, epsilon) => {
      const { v, fooling, gradients, curve } = await craft(
        task({ attack, settings, norm, epsilon, budget: { gradients: 1000 } }),
      );
      expect(norm === 'inf' ? linfNorm(v) : l2Norm(v) / (1 + 1e-6)).toBeLessThanOrEqual(epsilon);
      expect(gradients).toBe(1000);
      expect(curve.at(-1)?.gradients).toBe(1000);
      const program = { key: surrogate.sha256, bytes: surrogate.bytes };
      const items = crafting.map((photo) => ({ photo, flip: false }));
      const look = async (u: Float32Array | null) => labels(await compute.logits({ program, photos, items, v: u }));
      const [clean, perturbed, noisy] = [
        await look(null),
        await look(v),
        await look(noiseControl(v.length, { norm, epsilon, seed: 1 })),
      ];
      const fooled = perturbed.filter((label, i) => label !== clean[i]).length;
      expect(fooling).toMatchObject({ photos: 20, fooled });
      expect(fooled).toBeGreaterThanOrEqual(8);
      expect(fooled).toBeGreaterThan(2 * noisy.filter((label, i) => label !== clean[i]).length);
    },
  );

  test('gives the same bytes for the same seed, however many threads there are, and other bytes for another seed', async () => {
    const one = await openCompute({ provider: 'cpu', workers: 1 });
    const first = await craft(task());
    const again = await craft(task({ compute: one }));
    await one.close();
    expect(Buffer.from(again.v.buffer).equals(Buffer.from(first.v.buffer))).toBe(true);
    expect(again.curve).toEqual(first.curve);
    expect(again.growth).toEqual(first.growth);
    expect((await craft(task({ seed: 2 }))).v).not.toEqual(first.v);
  });

  test('keeps how it grew: a dozen times on the way, and the result at the end', async () => {
    const { v, growth, curve } = await craft(task({ budget: { gradients: 1000 } }));
    const taken = growth.map(({ gradients }) => gradients);
    expect(taken.length).toBeGreaterThanOrEqual(9);
    expect(taken.length).toBeLessThanOrEqual(12);
    expect(taken).toEqual([...new Set(taken)].sort((a, b) => a - b));
    expect(taken.at(-1)).toBe(1000);
    // Each stands at a point of the curve, which says how many photos it fooled.
    const points = curve.map(({ gradients }) => gradients);
    expect(points).toEqual(expect.arrayContaining(taken));
    // Canvases this small are kept whole.
    expect(growth.at(-1)?.middle).toEqual(v);
    expect(growth[0].middle).not.toEqual(v);
    const noise = await craft(task({ attack: 'noise', settings: {} }));
    expect(noise.growth).toEqual([]);
  });

  test('looks at crafting photos only', async () => {
    const pixels = photos.pixels.slice();
    pixels.fill(0, 20 * surrogate.length);
    expect((await craft(task({ photos: { pixels, size: 8 } }))).v).toEqual((await craft(task())).v);
  });

  test('never exceeds its gradients, counts every surrogate, and stops at a fooling ratio', async () => {
    const other = { ...tinyModel({ seed: 2 }), id: 'other' };
    const both = await craft(task({ surrogates: [surrogate, other], budget: { gradients: 205 } }));
    expect(both.gradients).toBe(204);
    expect(both.fooling?.photos).toBe(20);
    expect(both.each.fooling.map(({ model, photos }) => [model, photos])).toEqual([
      ['tiny', 20],
      ['other', 20],
    ]);
    const early = await craft(
      task({ attack: 'sgd-uap', epsilon: 25, settings: { decayTo: 1 }, budget: { gradients: 20_000, fooling: 0.4 } }),
    );
    expect(early.gradients).toBeLessThan(5000);
    expect(early.fooling?.ratio).toBeGreaterThanOrEqual(0.4);
  });

  test('stops after its seconds', async () => {
    const { seconds, gradients } = await craft(task({ budget: { seconds: 1 } }));
    expect(gradients).toBeGreaterThan(0);
    expect(seconds).toBeLessThan(10);
  });

  test('leaves at once when aborted', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const running = craft(
      task({
        budget: { gradients: 1e7 },
        signal: controller.signal,
        onProgress: ({ stage }) => stage === 'craft' && controller.abort(reason),
      }),
    );
    await expect(running).rejects.toBe(reason);
  });

  test('refuses a single photo, no surrogate, and an epsilon of zero', async () => {
    await expect(craft(task({ crafting: [3] }))).rejects.toThrow(/at least 2 photos.*is 1/);
    await expect(craft(task({ surrogates: [] }))).rejects.toThrow(/needs a model/);
    await expect(craft(task({ epsilon: 0 }))).rejects.toThrow(/Epsilon/);
  });
});

const mean = (values: number[]) => values.reduce((sum, x) => sum + x, 0) / values.length;

function labels({ logits, classes }: { logits: Float32Array; classes: number }): number[] {
  return Array.from({ length: logits.length / classes }, (_, row) => {
    const scores = [...logits.subarray(row * classes, (row + 1) * classes)];
    return scores.indexOf(Math.max(...scores));
  });
}
