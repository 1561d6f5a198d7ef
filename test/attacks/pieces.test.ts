/** What attacks are put together from, each by itself: no model is run. */
import { describe, expect, test } from 'vitest';
import { findAttack, parseSettings } from '#shared/attacks';
import { l2Norm, linfNorm } from '#shared/images';
import { meanColour } from '#shared/synthetic';
import { noiseStart } from '../../shared/attacks/descend.ts';
import { noise } from '../../shared/attacks/noise.ts';
import { cosine, crossEntropy, margin } from '../../shared/attacks/objectives.ts';
import { adam, momentumSteps } from '../../shared/attacks/optimisers.ts';
import { photosInOrder } from '../../shared/attacks/pictures.ts';
import { augmentedPhotos, growingDeviations, rangeNoise } from '../../shared/attacks/priors.ts';
import { halving } from '../../shared/attacks/saturation.ts';
import type { CraftInputs, SurrogateView } from '../../shared/attacks/types.ts';

const mean = (values: ArrayLike<number>) => Array.from(values).reduce((sum, x) => sum + x, 0) / values.length;
const deviation = (values: ArrayLike<number>) => {
  const middle = mean(values);
  return Math.sqrt(mean(Array.from(values, (x) => (x - middle) ** 2)));
};
/** Of a craft without photos. */
const inputs = (of: Partial<CraftInputs>): CraftInputs => ({
  ...{ compute: undefined as never, photos: { pixels: new Uint8Array(0), size: 8 }, crafting: [] },
  ...{ norm: 'inf', epsilon: 10, seed: 1, ...of },
});

describe('photos in order', () => {
  const photos = { pixels: new Uint8Array(0), size: 100 };
  const crafting = [3, 50, 7, 9];
  const shown = (settings: Partial<Parameters<typeof photosInOrder>[1]>, seed = 1) =>
    photosInOrder({ crafting, photos, seed }, { flips: false, shift: 0, zoom: 0, ...settings }).next(2000);

  test('have the rows of their clean predictions: two for each position, the mirrored one behind the plain', () => {
    for (const { photo, flip, row } of shown({ flips: true }))
      expect(row).toBe(2 * crafting.indexOf(photo) + (flip ? 1 : 0));
  });

  test('are mirrored every second time, and never unless that is asked for', () => {
    const mirrored = (flips: boolean) => shown({ flips }).filter(({ flip }) => flip).length / 2000;
    expect(Math.abs(mirrored(true) - 0.5)).toBeLessThan(0.05);
    expect(mirrored(false)).toBe(0);
  });

  test('are moved as far as is allowed, both ways, across and down', () => {
    const shifts = shown({ shift: 0.03 }).map(({ shift }) => shift as readonly [number, number]);
    for (const axis of [0, 1]) {
      const counts = [-3, -2, -1, 0, 1, 2, 3].map((by) => shifts.filter((shift) => shift[axis] === by).length);
      expect(counts.reduce((sum, count) => sum + count)).toBe(2000);
      // 286 each.
      for (const count of counts) expect(Math.abs(count - 286)).toBeLessThan(80);
    }
    expect(shifts.filter(([x, y]) => x === y).length).toBeLessThan(500);
  });

  test('are enlarged as far as is allowed', () => {
    const zooms = shown({ zoom: 0.3 }).map(({ zoom }) => zoom as number);
    expect(Math.min(...zooms)).toBeLessThan(1.01);
    expect(Math.max(...zooms)).toBeGreaterThan(1.29);
    expect(Math.max(...zooms)).toBeLessThanOrEqual(1.3);
  });

  test('come in another order for another seed', () => {
    const order = (seed: number) => shown({}, seed).map(({ photo }) => photo);
    expect(order(1)).toEqual(order(1));
    expect(order(1)).not.toEqual(order(2));
  });
});

describe('Adam', () => {
  test('takes the steps that its paper says', () => {
    const v = new Float32Array(1);
    const optimiser = adam(1, { step: 1, decayTo: 1 });
    optimiser.step(v, Float32Array.of(1), 0);
    expect(v[0]).toBeCloseTo(-1, 6);
    // m = 0.9 * 0.1 - 0.1 * 2 = -0.11, freed of its bias -0.11 / 0.19; the second moment 0.004999 / 0.001999.
    optimiser.step(v, Float32Array.of(-2), 0);
    expect(v[0]).toBeCloseTo(-1 + 0.11 / 0.19 / Math.sqrt(0.004999 / 0.001999), 5);
    // m = -0.099 + 0.05, its bias 1 - 0.729; 0.004994001 + 0.00025, its bias 1 - 0.997002999.
    optimiser.step(v, Float32Array.of(0.5), 0);
    const third = 0.049 / 0.271 / Math.sqrt(0.005244001 / 0.002997001);
    expect(v[0]).toBeCloseTo(-1 + 0.11 / 0.19 / Math.sqrt(0.004999 / 0.001999) + third, 5);
  });
});

describe('optimisers with a momentum', () => {
  const stepped = (...gradients: number[][]) => {
    const v = new Float32Array(gradients[0].length);
    const optimiser = momentumSteps(v.length, { step: 1, decayTo: 1, norm: 'inf', momentum: 0.5 });
    for (const gradient of gradients) optimiser.step(v, Float32Array.from(gradient), 0);
    return [...v];
  };

  test('forget: m = 0.5 * 1 - 1 turns about, where without fading it would stand still', () => {
    expect(stepped([2], [-2])).toEqual([0]);
    expect(stepped([2], [2], [-2])).toEqual([-1]);
  });

  test('take no notice of how large a gradient is: each counts by its L1 norm', () => {
    // m = 0.5 * (0.75, -0.25) - (0.75, -0.25), whether the second is a hundred times as large or a hundredth.
    for (const scale of [1, 100, 0.01]) expect(stepped([3, -1], [-3 * scale, scale])).toEqual([0, 0]);
  });
});

describe('the start from noise', () => {
  const of = (norm: 'inf' | '2', epsilon: number, share: number, seed = 1) =>
    noiseStart({ task: { norm, epsilon, seed }, length: 30_000 } as Parameters<typeof noiseStart>[0], share);

  test('is uniform, within a share of the bound', () => {
    for (const share of [1, 0.2]) {
      const v = of('inf', 10, share);
      expect(linfNorm(v)).toBeLessThanOrEqual(10 * share);
      expect(linfNorm(v)).toBeGreaterThan(9.99 * share);
      // Of uniform values the deviation is a root of three smaller than the bound.
      expect((deviation(v) * Math.sqrt(3)) / (10 * share)).toBeCloseTo(1, 1);
      expect(Math.abs(mean(v))).toBeLessThan(0.2 * share);
    }
  });

  test('has under norm 2 a share of the length', () => {
    for (const share of [1, 0.2]) expect(l2Norm(of('2', 2000, share)) / (2000 * share)).toBeCloseTo(1, 1);
  });

  test('is drawn from the seed', () => {
    expect(of('inf', 10, 1, 1)).toEqual(of('inf', 10, 1, 1));
    expect(of('inf', 10, 1, 1)).not.toEqual(of('inf', 10, 1, 2));
  });
});

describe('noise', () => {
  const of = (distribution: 'gaussian' | 'uniform', seed = 1) =>
    noise(60_000, { distribution, norm: 'inf', epsilon: 10, seed });

  test('of Gaussian draws has half the bound as deviation, before it is cut off there', () => {
    const v = of('gaussian');
    // Beyond two deviations lie 4.55 % of a normal distribution; what is left of the deviation of 5 is 4.797.
    expect(v.filter((value) => Math.abs(value) === 10).length / v.length).toBeCloseTo(0.0455, 2);
    expect(deviation(v)).toBeCloseTo(4.797, 1);
  });

  test('of uniform draws fills the bound on both sides', () => {
    const v = of('uniform');
    expect(Math.abs(mean(v))).toBeLessThan(0.15);
    expect(deviation(v)).toBeCloseTo(10 / Math.sqrt(3), 1);
    expect([Math.min(...v), Math.max(...v)]).toEqual([expect.closeTo(-10, 1), expect.closeTo(10, 1)]);
  });

  test.each(['gaussian', 'uniform'] as const)('of %s draws is another one for another seed', (distribution) => {
    expect(of(distribution, 1)).not.toEqual(of(distribution, 2));
  });
});

describe('what a loss is fed', () => {
  const view = {
    ...{ classes: 3, clean: Float32Array.of(1, 2, 3, 5, 0, 1, 0, 4, 2, 2, 2, 2) },
    labels: Int32Array.of(2, 0, 1, 0),
  } as unknown as SurrogateView;

  test('is centred by a share of the mean clean logits over photos', () => {
    // Columns 1 + 5 + 0 + 2, 2 + 0 + 4 + 2, 3 + 1 + 2 + 2 over four rows.
    for (const share of [1, 0.5, 0])
      expect([...cosine({ centred: () => share }).inputs!(view).constants!.centre]).toEqual(
        [2, 2, 2].map((m) => share * m),
      );
    const { tables } = cosine({ centred: () => 1 }).inputs!(view);
    expect(tables!.reference).toEqual({ data: view.clean, width: 3 });
  });

  test('is towards a target the axis of its class beyond the centre, for every photo', () => {
    const { tables } = cosine({ centred: () => 0.5, target: 2 }).inputs!(view);
    expect([...tables!.reference.data]).toEqual([1, 2, 3, 4].flatMap(() => [1, 1, 2]));
    // Away from the clean logits the cosine falls; towards the axis it rises.
    expect(cosine({ centred: () => 0 }).direction).toBe(1);
    expect(cosine({ centred: () => 0, target: 2 }).direction).toBe(-1);
  });

  test.each([
    ['cross-entropy', crossEntropy],
    ['margin', margin],
  ])('of the %s are the labels of the clean photos, or the target, and then there is no clamp', (_name, objective) => {
    const free = objective({ clampAt: 9 });
    expect([...free.inputs!(view).tables!.labels.data]).toEqual([2, 0, 1, 0]);
    expect(free).toMatchObject({ direction: -1, loss: { parameters: { clampAt: 9 } } });
    const aimed = objective({ clampAt: 9, target: 1 });
    expect([...aimed.inputs!(view).tables!.labels.data]).toEqual([1, 1, 1, 1]);
    expect(aimed).toMatchObject({ direction: 1, loss: { parameters: {} } });
  });
});

describe('pictures in place of photos', () => {
  test('are noise that grows from 10 to 127, green by 10 and blue by 20 more', () => {
    expect(growingDeviations(0)).toEqual([10, 20, 30]);
    expect(growingDeviations(0.5)).toEqual([68.5, 78.5, 88.5]);
    expect(growingDeviations(1)).toEqual([127, 137, 147]);
  });

  test('of the range of photographs are looked at from further away: nearly all of their fine grain is averaged out', async () => {
    const size = 64;
    const task = inputs({ photos: { pixels: new Uint8Array(0), size } });
    const looks = await rangeNoise(task, { augment: true }).next(60, new Float32Array(0), 0);
    const centre = Array.from({ length: 900 }, (_, i) => (17 + Math.floor(i / 30)) * size + 17 + (i % 30));
    const shares = looks.items.map(({ photo }) => {
      const red = looks.photos!.pixels.subarray(photo * 3 * size * size);
      return deviation(centre.map((at) => red[at])) / 60;
    });
    // Twice between four pixels at random, each time 4/9 of the variance is left: 4/9 of the deviation. Once: 2/3.
    expect(Math.max(...shares)).toBeLessThan(0.6);
    expect(Math.max(...shares)).toBeGreaterThan(0.35);
    expect(Math.abs(mean(centre.map((at) => looks.photos!.pixels[at])) - meanColour[0])).toBeLessThan(20);
  });

  test('of the range of photographs are drawn from the seed', async () => {
    const of = async (seed: number) =>
      (await rangeNoise(inputs({ seed }), { augment: false }).next(1, new Float32Array(0), 0)).photos!.pixels;
    expect(await of(1)).toEqual(await of(1));
    expect(await of(1)).not.toEqual(await of(2));
  });

  test('are photos seen another way, under the row of the mirrored photo where they are mirrored', async () => {
    const size = 32;
    // Two photos that get lighter to the right.
    const pixels = Uint8Array.from({ length: 6 * size * size }, (_, i) => 40 + 5 * (i % size));
    const task = inputs({ photos: { pixels, size }, crafting: [0, 1] });
    const { items, photos } = await augmentedPhotos(task).next(60, new Float32Array(0), 0);
    let mirrored = 0;
    for (const { photo, row } of items) {
      const line = photos!.pixels.subarray(photo * 3 * size * size + 12 * size);
      const isMirrored = line[18] < line[6];
      expect((row as number) % 2).toBe(Number(isMirrored));
      mirrored += Number(isMirrored);
    }
    expect(mirrored).toBeGreaterThan(15);
    expect(mirrored).toBeLessThan(45);
  });
});

test('nothing saturates under norm 2, however large a value is', () => {
  const { afterStep } = halving(inputs({ norm: '2', epsilon: 10 }));
  const v = Float32Array.of(10, -12, 10, 11);
  for (let i = 0; i < 3; i++) afterStep(v);
  expect([...v]).toEqual([10, -12, 10, 11]);
});

test('settings that are left out are those of the papers', () => {
  const of = (name: string) => parseSettings(findAttack(name));
  expect(of('uap')).toMatchObject({ classes: 10, overshoot: 0.02, steps: 10 });
  expect(of('sgd-uap')).toMatchObject({ clamp: 9 });
  expect(of('df-uap')).toMatchObject({ kappa: 10, batch: 32, optimiser: 'adam', step: 0.1275, decayTo: 1 });
  expect(of('sga')).toMatchObject({ clamp: 9 });
  expect(of('sv-uap')).toMatchObject({ q: 10, photos: 64 });
  expect(of('gd-uap')).toMatchObject({ optimiser: 'adam', step: 0.01, decayTo: 1, start: 1, depth: 1 });
  expect(of('trm-uap')).toMatchObject({ depth: 0.8, finest: 16, negative: 1, halve: false });
  expect(of('psp-uap')).toMatchObject({ temperature: 5, batch: 10, scaling: false, halve: false });
});
