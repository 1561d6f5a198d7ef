import { describe, expect, test } from 'vitest';
import type { Defence } from '#shared/graph';
import { random } from '#shared/synthetic';
import { defenceRows, defences, defencesOf } from '../../batch/analyses/defences.ts';
import { layerRows } from '../../batch/analyses/layers.ts';
import { sharesOf } from '../../batch/analyses/normals.ts';
import { meantFor } from '../../batch/analyses/perturbations-of.ts';
import { someOf } from '../../batch/analyses/probes.ts';
import { singular, singularValues } from '../../batch/analyses/singular.ts';
import { dimensionsOf, sharesIn } from '../../batch/analyses/span.ts';
import { subspace, subspaceRows } from '../../batch/analyses/subspace.ts';
import { medianRanks, quantile, thresholdRows } from '../../batch/analyses/thresholds.ts';
import { vectorIn } from '../../batch/studies/steps/spanned.ts';
import { smallestStrengths } from '../../batch/studies/steps/strengths.ts';

test('some of the photos are spread evenly over all of them', () => {
  expect(someOf(10, 4)).toEqual([0, 2, 5, 7]);
  expect(someOf(3, 4)).toEqual([0, 1, 2]);
  expect(someOf(3, null)).toEqual([0, 1, 2]);
});

test('meant for a model are the first seeds of what was crafted on it, and what nobody knows the origin of', () => {
  const of = (id: string, surrogates: string[], seed: number, attack = 'uap') => ({
    ...{ id, surrogates, seed, attack, norm: 'inf' as const, epsilon: 10, recipe: `${surrogates} ${attack}` },
  });
  const all = [
    ...[of('a2', ['a'], 2), of('a1', ['a'], 1), of('b1', ['b'], 1), of('ab', ['a', 'b'], 1)],
    ...[of('theirs', [], 1, 'given'), of('noise', [], 1, 'noise')],
  ];
  expect(meantFor(all, 'a').map(({ id }) => id)).toEqual(['a1', 'ab', 'theirs']);
});

describe('defences', () => {
  test('count what is kept, fooled and right: against the same defence, and against no defence', () => {
    // Eight photos of class 1. Without a defence the perturbation takes all of them; behind it none but the second, and
    // the defence itself loses the first.
    const plain = { name: 'none', clean: Array(8).fill(1), perturbed: [Array(8).fill(2)] };
    const behind = { name: 'blur', clean: [3, 1, 1, 1, 1, 1, 1, 1], perturbed: [[3, 2, 1, 1, 1, 1, 1, 1]] };
    const useless = { name: 'bits', clean: plain.clean, perturbed: plain.perturbed };
    const truth = [1, 1, 1, 4, null, null, null, null];
    const v = { id: 'v', surrogate: 't', crafted_behind: null };
    const rows = defenceRows('t', [v], plain, [behind, useless], truth);
    const of = { target: 't', perturbation: 'v', surrogate: 't', photos: 8, flagged: 0 };
    expect(rows).toMatchObject([
      { ...of, defence: 'none', kept: 8, fooled: 8, right: 0, wrong: 8, p: null, clean_accuracy: 0.75, accuracy: 0 },
      { ...of, defence: 'blur', kept: 7, fooled: 1, right: 6, wrong: 2, clean_accuracy: 0.5, accuracy: 0.25 },
      { ...of, defence: 'bits', kept: 8, fooled: 8, right: 0, wrong: 8, p: 1, clean_accuracy: 0.75 },
    ]);
    // Six of six right behind it alone: 2 / 2^6, twice for two defences.
    expect(rows[1].p).toBeCloseTo(4 / 64, 10);
    expect(rows[1].right_ratio).toBe(0.75);
    expect(defenceRows('t', [v], plain, [], Array(8).fill(null))[0].accuracy).toBeNull();
  });

  test('a hardened network answers with a label or with "tampered with", of perturbed photos and of clean ones', () => {
    const plain = { name: 'none', clean: Array(6).fill(1), perturbed: [[2, 2, 2, 2, 1, 1]] };
    // 5 is "tampered with": it flags one clean photo by mistake, and of the perturbed ones three of the four that fool.
    const rejects = { tampered: 5, beneath: plain.clean };
    const hardened = { name: 'class', clean: [5, 1, 1, 1, 1, 1], perturbed: [[5, 5, 5, 2, 1, 1]], rejects };
    const v = { id: 'v', surrogate: 't', crafted_behind: null };
    expect(defenceRows('t', [v], plain, [hardened], [1, 1, 1, 1, 1, 4])).toMatchObject([
      { defence: 'none', kept: 6, clean_flagged: 0, fooled: 4, right: 2, wrong: 4, flagged: 0 },
      { defence: 'class', kept: 5, clean_flagged: 1, fooled: 1, right: 2, wrong: 1, flagged: 3, accuracy: 1 / 6 },
    ]);
    const blur = { name: 'blur', clean: plain.clean, perturbed: [[2, 2, 2, 1, 1, 1]] };
    expect(defences.says?.(defenceRows('t', [v], plain, [blur, hardened], Array(6).fill(1)))).toBe(
      'Of perturbed photos 33 % keep their label without a defence; behind one: blur 50 % (of clean ones 100 %). Hardened networks keep the label of 33 % and call 50 % tampered with (of clean ones 83 % and 17 %).',
    );
  });

  test.each([8, 28, 224])('resize by the same draws each time, all of them on a canvas of %i pixels', (canvas) => {
    const resizing = () => defencesOf(canvas).find(([name]) => name === 'resize')?.[1];
    expect(resizing()).toEqual(resizing());
    const { draws } = resizing() as Extract<Defence, { kind: 'resize' }>;
    expect(draws.length).toBe(16);
    for (const { side, down, right } of draws) {
      expect(side).toBeGreaterThanOrEqual(0.9 * canvas - 1);
      expect(side).toBeLessThan(canvas);
      expect(Math.max(down, right) + side).toBeLessThanOrEqual(canvas);
    }
    expect(new Set(draws.map(({ down, right }) => `${down} ${right}`)).size).toBeGreaterThan(canvas > 8 ? 4 : 1);
  });
});

test('layers: means and intervals of each place, and how many photos change more than with noise', () => {
  const at = (cosines: number[], changes: number[]) => ({ cosines, changes });
  const eight = (value: number) => Array(8).fill(value);
  const of = { target: 't', perturbation: 'v', surrogate: 't', own: true, names: ['relu', 'logits'] };
  const rows = layerRows(
    of,
    [at([1, 0.5, 1, 0.5, 1, 0.5, 1, 0.5], [1, 2, 1, 2, 1, 2, 1, 2]), at(eight(0.25), eight(3))],
    [at(eight(1), [2, 1, 2, 1, 2, 1, 2, 1]), at(eight(1), eight(0.5))],
  );
  const { names: _names, ...same } = of;
  expect(rows).toMatchObject([
    { ...same, place: 1, places: 2, value: 'relu', photos: 8, cosine: 0.75, change: 1.5, above_noise: 4, p: 1 },
    { ...same, place: 2, places: 2, value: 'logits', cosine: 0.25, change: 3, above_noise: 8, change_low: 3 },
  ]);
  const half = (1.959963984540054 * 0.25 * Math.sqrt(8 / 7)) / Math.sqrt(8);
  expect(rows[0].cosine_low).toBeCloseTo(0.75 - half, 10);
  expect(rows[0].cosine_high).toBeCloseTo(0.75 + half, 10);
  // All of eight: 2 / 2^8, twice for two places.
  expect(rows[1].p).toBeCloseTo(4 / 256, 10);
  expect(layerRows(of, [at([1], [1])], null)[0]).toMatchObject({ above_noise: null, p: null });
});

describe('the decision boundary', () => {
  test('singular values and vectors of rows that lie in a plane: two of them, and what they span is the plane', () => {
    // 3, 0, 0 / 0, 2, 0 / 3, 0, 0, turned: the values are sqrt(18) and 2.
    const [e, f] = [
      [0.6, 0.8, 0, 0],
      [-0.8, 0.6, 0, 0],
    ];
    const rows = [e.map((x) => 3 * x), f.map((x) => 2 * x), e.map((x) => 3 * x)];
    const { values, vectors } = singular(rows);
    expect(values).toEqual([expect.closeTo(Math.sqrt(18), 10), expect.closeTo(2, 10)]);
    expect(Math.abs(vectors[0][0])).toBeCloseTo(0.6);
    expect(Math.abs(vectors[0][1])).toBeCloseTo(0.8);
    expect(Math.abs(vectors[1][0])).toBeCloseTo(0.8);
    expect(sharesIn(vectors, [5, 7, 0, 0])[1]).toBeCloseTo(1);
    expect(sharesIn(vectors, [0, 0, 1, 2])).toEqual([expect.closeTo(0), expect.closeTo(0)]);
    expect(sharesIn(vectors, [0.6, 0.8, 1, 0])[0]).toBeCloseTo(0.5);
  });

  test('of many random directions the squares add up to their number, and the vectors are orthonormal', () => {
    const draw = random(1, 'test');
    const rows = Array.from({ length: 12 }, () => {
      const row = Array.from({ length: 40 }, () => draw.normal());
      const length = Math.sqrt(row.reduce((sum, x) => sum + x * x, 0));
      return row.map((x) => x / length);
    });
    const values = singularValues(rows);
    expect(values.reduce((sum, value) => sum + value * value, 0)).toBeCloseTo(12, 8);
    expect(values).toEqual([...values].sort((a, b) => b - a));
    const { vectors } = singular(rows);
    for (const [i, a] of vectors.entries())
      for (const [k, b] of vectors.entries())
        expect(a.reduce((sum, x, j) => sum + x * b[j], 0)).toBeCloseTo(Number(i === k), 5);
    // Each row lies in the span of all.
    for (const row of rows) expect(sharesIn(vectors, row).at(-1)).toBeCloseTo(1, 5);
    expect(sharesOf([3, 4])).toEqual([9 / 25, 1]);
  });

  test('a random vector has the length that is asked for, and lies in the span', () => {
    const plane = [Float32Array.of(1, 0, 0, 0), Float32Array.of(0, 1, 0, 0)];
    const of = { length: 5, draw: 0, seed: 1 };
    const inside = vectorIn(plane, 4, of);
    expect(Math.hypot(...inside)).toBeCloseTo(5, 4);
    expect([inside[2], inside[3]]).toEqual([0, 0]);
    expect(inside[0] * inside[1]).not.toBe(0);
    expect(vectorIn(plane, 4, of)).toEqual(inside);
    expect(vectorIn(plane, 4, { ...of, draw: 1 })).not.toEqual(inside);
    expect(vectorIn([], 4, of).every((value) => value !== 0)).toBe(true);
  });

  test('ratios are means over the draws, and compared with vectors anywhere photo by photo', () => {
    const clean = Array(8).fill(1);
    const none = Array(8).fill(1);
    const all = Array(8).fill(2);
    const half = [2, 2, 2, 2, 1, 1, 1, 1];
    const rows = subspaceRows(clean, [
      { dimensions: 0, draws: [none, none] },
      { dimensions: 1, draws: [none, none] },
      { dimensions: 2, draws: [all, half] },
    ]);
    expect(rows).toMatchObject([
      { dimensions: 0, draws: 2, photos: 8, ratio: 0, p: null },
      { dimensions: 1, ratio: 0, p: 1 },
      { dimensions: 2, ratio: 0.75 },
    ]);
    // Every photo is fooled more often: 2 / 2^8, twice for two numbers of dimensions.
    expect(rows[2].p).toBeCloseTo(4 / 256, 10);
    expect(subspace.says?.(rows.map((row) => ({ target: 'a', normals: 2, length: 2000, ...row })))).toBe(
      "Random vectors of length 2000 fool 0 % anywhere, 0 % to 75 % in the first 1 to 2 directions of the boundary's normals.",
    );
  });

  test('numbers of dimensions end with all that there are', () => {
    expect(dimensionsOf(12)).toEqual([1, 2, 5, 10, 12]);
    expect(dimensionsOf(1)).toEqual([1]);
    expect(dimensionsOf(0)).toEqual([]);
  });
});

describe('thresholds', () => {
  test('the smallest strength is found to an eighth of a step, from below the grid to its end', async () => {
    const real = [0.0001, 0.05, 0.3, 0.51, 1, 1.99, 2.5];
    const found = await smallestStrengths(real.length, async (tried) =>
      tried.map(({ photo, strength }) => strength >= real[photo]),
    );
    expect(found.at(-1)).toBeNull();
    for (const [i, strength] of found.slice(0, -1).entries()) {
      // Of the grid the step that it lies in: below 1/16 four times as long as the one before.
      const step = real[i] > 1 / 16 ? 2 ** Math.ceil(Math.log2(real[i])) / 2 : 1 / 16;
      expect(strength).toBeGreaterThanOrEqual(real[i]);
      expect(strength as number).toBeLessThanOrEqual(real[i] + step / 8 + 1e-9);
    }
  });

  test('one that fools at once but not when it is stronger counts at the weaker, and is asked no more', async () => {
    const asked: number[] = [];
    const found = await smallestStrengths(1, async ([{ strength }]) => {
      asked.push(strength);
      return [strength >= 0.125 && strength <= 0.25];
    });
    expect(found).toEqual([0.125]);
    expect(Math.max(...asked)).toBe(0.125);
  });

  test('quantiles count photos that never give way; the median has an interval from six photos on', () => {
    const values = [4, null, 1, 2, 3, null];
    expect([0.1, 0.25, 0.5, 0.75].map((share) => quantile(values, share))).toEqual([1, 2, 3, null]);
    // P(at most 0 of 6) = 1/64, at most 1 of 8 = 9/256, at most 1 of 9 = 10/512.
    expect([5, 6, 8, 9].map(medianRanks)).toEqual([null, [0, 5], [0, 7], [1, 7]]);
  });

  test('rows have lengths, photos that never give way, and the comparison with the universal one', () => {
    const clean = Array(6).fill(0);
    const kind = (strengths: (number | null)[], length: number) => ({ strengths, lengths: Array(6).fill(length) });
    const rows = thresholdRows(
      { perturbation: 'v', target: 't' },
      ['universal', 'noise'],
      [clean, Array(6).fill(1), clean],
      [kind([1, 0.5, 0.25, 1, 2, 0.5], 100), kind([null, null, null, null, null, 2], 50)],
    );
    expect(rows).toMatchObject([
      { kind: 'universal', photos: 6, fooled: 6, p: null, never: 0, strength_50: 0.5, length_50: 50, length_90: 200 },
      { kind: 'noise', fooled: 0, never: 5, strength_50: null, length_10: 100, length_25: null },
    ]);
    expect([rows[0].length_50_low, rows[0].length_50_high]).toEqual([25, 200]);
    expect([rows[1].length_50_low, rows[1].length_50_high]).toEqual([100, null]);
    expect(rows[1].p).toBeCloseTo(2 / 64, 10);
  });
});
