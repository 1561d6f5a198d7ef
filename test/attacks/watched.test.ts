/** What attacks ask for while they craft: the places at which gradients are taken, the pictures, and their weights. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cleanItems, craft } from '#shared/attacks';
import type { Compute } from '#shared/compute';
import { readModel, writeModel } from '#shared/graph';
import { l2Norm, linfNorm } from '#shared/images';
import { argmax, softmax } from '#shared/metrics';
import { sha256Hex } from '#shared/release';
import { random } from '#shared/synthetic';
import { openCompute } from '../../batch/compute/index.ts';
import { tinyModel, tinyPhotos } from '../support/tiny-model.ts';
import { watched } from '../support/watched-compute.ts';

const surrogate = tinyModel();
const { length, classes, weights } = surrogate;
const photos = tinyPhotos({ count: 24 });
const crafting = Array.from({ length: 20 }, (_, i) => i);

let compute: Compute;
beforeAll(async () => {
  compute = await openCompute({ provider: 'cpu', workers: 2 });
});
afterAll(() => compute.close());

/** A craft, and all that it asked for. */
async function watch(more: Partial<Parameters<typeof craft>[0]> & { attack: string }) {
  const watching = watched(compute);
  const crafted = await craft({
    ...{ surrogates: [surrogate], photos, crafting, norm: 'inf', epsilon: 25, seed: 1, budget: { gradients: 300 } },
    ...more,
    compute: watching.compute,
  });
  return { ...crafted, asked: watching.gradients, looked: watching.logits };
}

const logitsOf = (pixels: ArrayLike<number>) =>
  Array.from({ length: classes }, (_, k) =>
    Array.from(pixels).reduce((sum, pixel, i) => sum + (pixel - 127.5) * weights[i * classes + k], 0),
  );
const photoOf = ({ pixels }: { pixels: Uint8Array }, index: number) =>
  pixels.subarray(index * length, (index + 1) * length);
const mean = (values: ArrayLike<number>) => Array.from(values).reduce((sum, x) => sum + x, 0) / values.length;
const deviation = (values: ArrayLike<number>) => {
  const middle = mean(values);
  return Math.sqrt(mean(Array.from(values, (x) => (x - middle) ** 2)));
};

test('what is known of the photos as they are is not asked again, and gives the same perturbation', async () => {
  const asked = await watch({ attack: 'house' });
  const isClean = ({ v }: { v?: unknown }) => !v;
  const { logits } = await compute.logits({
    program: { key: surrogate.sha256, bytes: surrogate.bytes },
    ...{ photos, items: cleanItems(crafting) },
  });
  const known = await watch({ attack: 'house', clean: new Map([[surrogate.sha256, logits]]) });
  expect(asked.looked.filter(isClean)).toHaveLength(1);
  expect(known.looked.filter(isClean)).toHaveLength(0);
  expect(known.v).toEqual(asked.v);
  expect(known.fooling).toEqual(asked.fooling);
  // Answers of another model would not do.
  const others = await watch({ attack: 'house', clean: new Map([['another', logits]]) });
  expect(others.looked.filter(isClean)).toHaveLength(1);
});

describe('the place that momentum leads to', () => {
  test.each(['inf', '2'] as const)('lies within the bound, under norm %s', async (norm) => {
    const epsilon = norm === 'inf' ? 10 : 100;
    const { asked } = await watch({ attack: 'house', norm, epsilon });
    const sizes = asked.map(({ v }) => (norm === 'inf' ? linfNorm(v) : l2Norm(v)));
    for (const size of sizes) expect(size).toBeLessThanOrEqual(epsilon * (1 + 1e-6));
    expect(Math.max(...sizes)).toBeGreaterThan(0.99 * epsilon);
  });
});

describe('gd-uap', () => {
  test('halves v when nearly all of it has come to the bound', async () => {
    const { asked } = await watch({
      ...{ attack: 'gd-uap', epsilon: 5, budget: { gradients: 60 } },
      settings: { prior: 'none', step: 1 },
    });
    expect(asked.map(({ items }) => items.length)).toEqual(Array(60).fill(1));
    const atBound = ({ v }: { v: Float32Array }) => v.filter((value) => Math.abs(value) > 4.9999).length / length;
    const halved = asked.findIndex(({ v }, step) => step > 0 && linfNorm(v) < 2.5001);
    expect(halved).toBeGreaterThan(1);
    // More than half lay there the step before, and as many as two steps before.
    expect(atBound(asked[halved - 1])).toBeGreaterThan(0.5);
    expect(linfNorm(asked[halved - 1].v)).toBe(5);
  });
});

describe('trm-uap', () => {
  test('looks at jigsaws that get finer, from 2 cells to as many as are asked for or fit', async () => {
    const { asked } = await watch({ attack: 'trm-uap', settings: { batch: 1, finest: 6 }, budget: { gradients: 100 } });
    const cells = asked.map(({ photos, items }) => {
      const top = photoOf(photos, items[0].photo).subarray(0, 8);
      // Neighbours of two colours.
      return 1 + top.filter((value, i) => i > 0 && value !== top[i - 1]).length;
    });
    expect(cells[0]).toBe(2);
    expect(cells.at(-1)).toBe(6);
    for (const share of [0.25, 0.5, 0.75])
      expect(Math.abs(cells[Math.round(100 * share)] - (2 + 4 * share))).toBeLessThanOrEqual(1);
  });
});

describe('psp-uap', () => {
  const still = { flips: false, shift: 0, zoom: 0, batch: 4 };
  const first = async (epsilon: number, more = {}) =>
    (await watch({ attack: 'psp-uap', epsilon, settings: { ...still, ...more }, budget: { gradients: 100 } })).asked;

  test('crafts on noise that grows, and on v in it', async () => {
    const faint = await first(1);
    const spreads = faint.map(({ photos }) => deviation(photos.pixels));
    // Averaged by the enlargement: of 10 and of 127 about two thirds are left.
    expect(spreads[0]).toBeLessThan(12);
    expect(spreads.at(-1)).toBeGreaterThan(50);
    const strong = await first(100);
    expect(deviation(strong[0].photos.pixels)).toBeGreaterThan(25);
  });

  test('weighs a sample by how little v changes what is said of it, about 1', async () => {
    const temperature = 3;
    for (const { photos, items, v } of (await first(20, { temperature })).slice(0, 6)) {
      const expected = items.map(({ photo }) => {
        const plain = photoOf(photos, photo);
        const seen = Array.from(plain, (pixel, i) => Math.min(255, Math.max(0, pixel + v[i])));
        const [p, q] = [plain, seen].map((pixels) => softmax(logitsOf(pixels).map((value) => value / temperature)));
        const divergence = p.reduce((sum, share, k) => sum + share * Math.log(share / q[k]), 0);
        return Math.sqrt(1 / Math.max(divergence, 1e-4));
      });
      const found = items.map(({ weight }) => weight as number);
      expect(mean(found)).toBeCloseTo(1, 5);
      for (const [i, weight] of found.entries()) expect(weight / (expected[i] / mean(expected))).toBeCloseTo(1, 2);
      expect(Math.max(...found) / Math.min(...found)).toBeGreaterThan(1.1);
    }
  });

  test('with scaling has every third sample in more contrast, which counts in its gradient', async () => {
    const items = (await first(20, { scaling: true, batch: 10 })).flatMap((step) => step.items);
    const scaled = items.filter(({ contrast }) => contrast !== undefined);
    expect(scaled.length / items.length).toBeGreaterThan(0.2);
    expect(scaled.length / items.length).toBeLessThan(0.47);
    expect(scaled.every(({ contrast }) => contrast! >= 0.8 && contrast! <= 4)).toBe(true);
    // Divided by the contrast, the weights of a step have a mean of 1.
    expect(mean(items.map(({ weight, contrast = 1 }) => weight! / contrast))).toBeCloseTo(1, 5);
  });
});

describe('procedural', () => {
  const tried = 7;
  const candidatesOf = async (norm: 'inf' | '2', epsilon: number, seed = 1) => {
    const settings = { photos: tried };
    const craft = { attack: 'procedural', norm, epsilon, settings, seed, budget: { gradients: 140 } };
    const { v, looked } = await watch(craft);
    const candidates = looked
      .filter(({ items, v }) => items.length === tried && v)
      .map((task) => task.v as Float32Array);
    return { v, candidates };
  };

  test.each([1, 2, 3, 4, 5])(
    'keeps the candidate that fools most of the photos tried, the first of equals (seed %i)',
    async (seed) => {
      const { v, candidates } = await candidatesOf('inf', 25, seed);
      expect(candidates.length).toBeGreaterThan(10);
      const label = (pixels: ArrayLike<number>) => argmax(logitsOf(pixels));
      const fooled = candidates.map(
        (candidate) =>
          crafting.slice(0, tried).filter((index) => {
            const clean = photoOf(photos, index);
            const seen = Array.from(clean, (pixel, i) => Math.round(Math.min(255, Math.max(0, pixel + candidate[i]))));
            return label(seen) !== label(clean);
          }).length,
      );
      expect(new Set(fooled).size).toBeGreaterThan(1);
      expect([...v]).toEqual([...candidates[fooled.indexOf(Math.max(...fooled))]]);
    },
  );

  test('has candidates of the length of the bound', async () => {
    for (const candidate of (await candidatesOf('2', 300)).candidates)
      expect(l2Norm(candidate) / 300).toBeCloseTo(1, 5);
  });
});

describe('DeepFool', () => {
  /** One photo twice, so that a pass has one thing to do. */
  const twins = (pixel: (i: number) => number) => {
    const one = Uint8Array.from({ length }, (_, i) => pixel(i));
    return { photos: { pixels: Uint8Array.from([...one, ...one]), size: 8 }, crafting: [0, 1] };
  };
  const draw = random(8, 'greys');
  const grey = twins(() => 98 + draw.below(60));
  const uap = (settings: Record<string, unknown>, of = grey) =>
    watch({
      attack: 'uap',
      norm: '2',
      epsilon: 3500,
      settings: { batch: 1, ...settings },
      budget: { gradients: 100 },
      ...of,
    });

  test('adds just what it has looked at, overshoot and all', async () => {
    const { v, looked } = await uap({ overshoot: 0.5 });
    const places = looked.flatMap((task) => (Array.isArray(task.v) ? task.v : []));
    expect(places).toHaveLength(1);
    expect(l2Norm(v.map((value, i) => value - places[0][i])) / l2Norm(v)).toBeLessThan(1e-5);
  });

  test('adds nothing of a photo that took the last of its steps, unless one step is all', async () => {
    // A linear classifier is crossed in one step: the last but one of two, which counts as not converged.
    expect(l2Norm((await uap({ steps: 2 })).v)).toBe(0);
    expect(l2Norm((await uap({ steps: 3 })).v)).toBeGreaterThan(0);
    expect(l2Norm((await uap({ steps: 1 })).v)).toBeGreaterThan(0);
  });

  test('adds nothing of a photo that it could not carry over', async () => {
    // Black and white: about half of every step is cut off, so that one is too short.
    const extreme = twins(() => 255 * draw.below(2));
    expect(l2Norm((await uap({ steps: 1 }, extreme)).v)).toBe(0);
  });
});

describe('sv-uap', () => {
  /** The linear classifier with a ReLU behind it: every photo has a Jacobian of its own. */
  const relu = (() => {
    const model = readModel(surrogate.bytes);
    const renamed = (name: string) => (name === 'logits' ? 'a' : name);
    const bytes = writeModel({
      ...model,
      nodes: [
        ...model.nodes.map((node) => ({ ...node, outputs: node.outputs.map(renamed) })),
        { operator: 'Relu', domain: '', name: 'relu', inputs: ['a'], outputs: ['logits'], attributes: {} },
      ],
    });
    return { id: 'relu', bytes, sha256: sha256Hex(bytes) };
  })();
  const scores = crafting.map((photo) => logitsOf(photoOf(photos, photo)));

  // Twelve photos go through in two parts, of which the second has none that the class is seen in at all.
  test.each([0, 1, 2, 3])(
    'ends where v lies along the sum of J^T psi(J v), class %i seen in a part',
    async (absent) => {
      const q = 1.5;
      const inTurn = crafting.toSorted((a, b) => scores[b][absent] - scores[a][absent]);
      const chosen = [...inTurn.slice(0, 8), ...inTurn.slice(-4)];
      expect(chosen.slice(-4).every((photo) => scores[photo][absent] < 0)).toBe(true);
      const { v } = await watch({
        ...{ attack: 'sv-uap', norm: '2', epsilon: 500, settings: { q, photos: 12 }, budget: { gradients: 2400 } },
        ...{ surrogates: [relu], crafting: [...chosen, ...crafting.filter((photo) => !chosen.includes(photo))] },
      });
      const change = Array.from({ length: classes }, (_, k) =>
        v.reduce((sum, x, i) => sum + x * weights[i * classes + k], 0),
      );
      const expected = new Float64Array(length);
      for (const photo of chosen) {
        for (let k = 0; k < classes; k++) {
          if (scores[photo][k] <= 0) continue;
          const psi = Math.sign(change[k]) * Math.abs(change[k]) ** (q - 1);
          for (let i = 0; i < length; i++) expected[i] += psi * weights[i * classes + k];
        }
      }
      const cosine = v.reduce((sum, x, i) => sum + x * expected[i], 0) / (l2Norm(v) * l2Norm(expected));
      expect(cosine).toBeGreaterThan(0.998);
      expect(l2Norm(v) / 500).toBeCloseTo(1, 5);
    },
  );

  test.each(['inf', '2'] as const)(
    'looks half a pixel value to either side of a photo, under norm %s',
    async (norm) => {
      const { looked } = await watch({
        ...{ attack: 'sv-uap', norm, epsilon: norm === 'inf' ? 10 : 100 },
        ...{ settings: { photos: 8 }, budget: { gradients: 80 } },
      });
      // Those that are not rounded: v itself is looked at too.
      const ways = looked.flatMap(({ v, rule }) => (rule === 'free' && v instanceof Float32Array ? [v] : []));
      expect(ways.length).toBeGreaterThanOrEqual(4);
      for (const v of ways) {
        // The largest value of it, or what one value is in the mean of squares.
        const size = norm === 'inf' ? linfNorm(v) : l2Norm(v) / Math.sqrt(length);
        expect(size).toBeCloseTo(0.5, 5);
      }
    },
  );
});

test('what is chosen is chosen on crafting photos: no other is ever looked at', async () => {
  for (const attack of ['gd-uap', 'procedural', 'house', 'uap']) {
    const { asked, looked } = await watch({ attack, crafting: [1, 4, 7, 11, 13], budget: { gradients: 60 } });
    const shown = [...asked, ...looked].filter((task) => task.photos.pixels === photos.pixels);
    expect(shown.length).toBeGreaterThan(0);
    for (const { items } of shown) for (const { photo } of items) expect([1, 4, 7, 11, 13]).toContain(photo);
  }
});
