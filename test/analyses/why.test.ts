import { describe, expect, test } from 'vitest';
import { imageNetGroups } from '#shared/metrics';
import { concentrationOf, growingGroup } from '../../batch/analyses/concentration.ts';
import { cosine, sharedPhotos } from '../../batch/analyses/diversity.ts';
import { edgesOf } from '../../batch/analyses/flow.ts';
import { correlationOf } from '../../batch/analyses/predictors.ts';
import { resistances } from '../../batch/analyses/resistance.ts';
import { type RoleCell, roleRow } from '../../batch/analyses/roles.ts';
import { recipesOf } from '../../batch/analyses/saturation.ts';
import { seedsRow } from '../../batch/analyses/seeds.ts';
import { newlyFooled, strengthRows } from '../../batch/analyses/strength.ts';
import imageNet from '../../zoo/starter/models/imagenet-classes.json' with { type: 'json' };

const of = (labels: number[]) => ({ labels: Int32Array.from(labels), probabilities: new Float32Array(labels.length) });

test('seeds: mean, spread and what is left above the noise', () => {
  const perturbation = {
    ...{ id: 'p', surrogates: ['a', 'b'], attack: 'uap', norm: 'inf' as const, epsilon: 10, recipe: 'r' },
  };
  const cell = (ratio: number, noise: number) => ({ perturbation, target: 't', photos: 10, ratio, noise });
  expect(seedsRow([cell(0.5, 0.1), cell(0.75, 0.3)])).toEqual({
    ...{ first: 'p', surrogate: 'a+b', target: 't', attack: 'uap', norm: 'inf', epsilon: 10, photos: 10, seeds: 2 },
    ...{ ratio: 0.625, deviation: Math.sqrt(2 * 0.125 ** 2), lowest: 0.5, highest: 0.75, noise: 0.2 },
    above_noise: 0.425,
  });
});

test('roles: what a model gives and takes; perturbations of several models count for neither', () => {
  const cell = (from: string, target: string, ratio: number): RoleCell => ({
    ...{ surrogates: from.split('+'), target, ratio, noise: 0.125 },
  });
  const cells = [
    ...[cell('a', 'a', 0.9), cell('a', 'b', 0.5), cell('a', 'c', 0.25)],
    ...[cell('b', 'a', 0.125), cell('c', 'a', 0.25), cell('b', 'c', 1), cell('b+c', 'a', 1)],
  ];
  expect(roleRow('a', cells)).toEqual({
    ...{ model: 'a', own: 0.9, gives: 0.375, gives_above_noise: 0.25, takes: 0.1875, takes_above_noise: 0.0625 },
    asymmetry: 0.1875,
  });
  expect(roleRow('d', cells)).toMatchObject({ own: null, gives: null, asymmetry: null });
});

describe('diversity', () => {
  test('the inner product is 1 for the same direction, 0 for none in common, -1 for the opposite', () => {
    expect(cosine([1, 2, 0], [2, 4, 0])).toBeCloseTo(1);
    expect(cosine([1, 0], [0, 3])).toBe(0);
    expect(cosine([1, -1], [-2, 2])).toBeCloseTo(-1);
    expect(cosine([0, 0], [1, 1])).toBe(0);
  });

  test('counts the photos that each fools, and both, and into the same label', () => {
    const clean = of([0, 1, 2, 3]);
    expect(sharedPhotos(clean, of([9, 9, 2, 3]), of([9, 8, 7, 3]))).toMatchObject({
      ...{ photos: 4, fooled_a: 2, fooled_b: 3, fooled_both: 2, jaccard: 2 / 3, same_label: 0.5 },
      // Two of three out of four: 2 in common in 3 of 6 ways, else 1.
      p: expect.closeTo(0.5, 10),
      jaccard_by_chance: expect.closeTo((2 / 3 + 1 / 4) / 2, 10),
    });
    expect(sharedPhotos(clean, clean, of([9, 8, 7, 3])).same_label).toBeNull();
  });
});

test('flow: every photo is on one edge, those that keep their label too', () => {
  expect(edgesOf([1, 1, 2, 3, 3], [1, 5, 5, 3, 3])).toEqual([
    { from: 3, to: 3, photos: 2 },
    { from: 1, to: 1, photos: 1 },
    { from: 1, to: 5, photos: 1 },
    { from: 2, to: 5, photos: 1 },
  ]);
});

describe('concentration', () => {
  test('bits and the share of the five commonest labels', () => {
    expect(concentrationOf([1, 2, 3, 4, 5, 6, 7, 8])).toEqual({ bits: expect.closeTo(3, 10), top: 5 / 8 });
    expect(concentrationOf([4, 4, 4])).toEqual({ bits: expect.closeTo(0, 10), top: 1 });
  });

  test('the group that grows most, not the largest', () => {
    const groups = ['dog', 'dog', 'cat', 'bird'];
    const found = growingGroup(groups, { before: [3, 3, 3, 2], after: [3, 3, 0, 1], noise: [0, 3, 3, 3] });
    expect(found).toEqual({ group: 'dog', before: 0, after: 2, noise: 1 });
    expect(growingGroup(groups, { before: [2], after: [2], noise: [2] })).toBeNull();
  });

  test('groups are those of the classes as they are named', () => {
    const classes = imageNet as { index: number; wnid: string; label: string }[];
    const groups = imageNetGroups(classes.map(({ wnid }) => wnid)) as string[];
    const groupOf = (label: string) => groups[classes.findIndex((one) => one.label.split(', ').includes(label))];
    expect(
      [
        ...['goldfish', 'ostrich', 'bullfrog', 'Komodo dragon', 'tarantula', 'peacock', 'koala', 'jellyfish'],
        ...['king penguin', 'dugong', 'Chihuahua', 'Mexican hairless', 'timber wolf', 'tabby', 'brown bear', 'ladybug'],
        ...['starfish', 'zebra', 'gorilla', 'African elephant', 'puffer', 'abacus', 'plate', 'alp', 'groom', 'daisy'],
        ...['bolete', 'toilet tissue', 'tiger', 'meerkat', 'hare', 'otter', 'menu', 'eggnog', 'volcano', 'corn'],
      ].map(groupOf),
    ).toEqual([
      ...['fish', 'bird', 'amphibian', 'reptile', 'arachnid or other arthropod', 'bird', 'other mammal'],
      ...['sea creature or other invertebrate', 'bird', 'other mammal', 'dog', 'dog', 'wolf, fox or wild dog', 'cat'],
      ...['bear', 'insect', 'sea creature or other invertebrate', 'hoofed animal', 'primate', 'other mammal', 'fish'],
      ...['artefact', 'food', 'landscape', 'person', 'plant', 'fungus', 'other thing', 'cat', 'other mammal'],
      ...['other mammal', 'other mammal', 'artefact', 'food', 'landscape', 'plant'],
    ]);
    expect(groups.filter((group) => group === 'dog')).toHaveLength(118);
    expect(imageNetGroups(['n01440764', null])).toBeNull();
  });
});

test('resistance: each photo by perturbations, by the own among them, and by noise', () => {
  const counted = resistances({
    clean: of([1, 2]),
    crafted: [
      { isOwn: true, measured: of([1, 9]) },
      { isOwn: false, measured: of([9, 9]) },
    ],
    noises: [of([1, 3])],
  });
  const tried = { probability: 0, perturbations: 2, own: 1, noises: 1 };
  expect(counted).toEqual([
    { ...tried, fooled_by: 1, fooled_by_own: 0, fooled_by_noise: 0 },
    { ...tried, fooled_by: 2, fooled_by_own: 1, fooled_by_noise: 1 },
  ]);
});

test('predictors: the interval of a rank correlation, none for three photos', () => {
  const values = Array.from({ length: 103 }, (_, i) => i);
  const shuffled = values.map((value) => (value * 37) % 103);
  const { correlation, low, high } = correlationOf(values, shuffled);
  const half = 1.959963984540054 * Math.sqrt(1.06 / 100);
  expect(Math.atanh(high as number) - Math.atanh(correlation as number)).toBeCloseTo(half);
  expect(Math.atanh(correlation as number) - Math.atanh(low as number)).toBeCloseTo(half);
  expect(correlationOf([1, 2, 3], [1, 2, 4])).toEqual({ correlation: expect.closeTo(1, 10), low: null, high: null });
});

describe('strength', () => {
  const clean = of([0, 0, 0, 0]);

  test('a photo counts at the lowest strength that fools it', () => {
    expect(newlyFooled(clean, [of([0, 0, 0, 5]), of([0, 0, 5, 0]), of([0, 5, 5, 5])])).toEqual([1, 1, 1]);
  });

  test('variants are held to the perturbation itself, corrected for all of them; strengths are not', () => {
    const tried = (variant: string, amount: number | null, labels: number[]) => ({
      ...{ variant, amount, l2: 1, labels: Int32Array.from(labels) },
    });
    const eight = of(new Array(8).fill(0));
    const rows = strengthRows({ perturbation: 'p', target: 't' }, eight, [
      tried('scaled', 1, [1, 1, 1, 1, 1, 1, 1, 1]),
      tried('scaled', 0.5, [1, 0, 0, 0, 0, 0, 0, 0]),
      tried('scaled', -1, [0, 0, 0, 0, 0, 0, 0, 0]),
      tried('shuffled', null, [1, 1, 1, 1, 1, 1, 1, 0]),
    ]);
    expect(rows.map(({ fooled, newly }) => [fooled, newly])).toEqual([
      [8, 7],
      [1, 1],
      [0, null],
      [7, null],
    ]);
    // Eight photos of eight lost: 2 / 2^8, twice for two variants. One: 1.
    expect(rows.map(({ p }) => p)).toEqual([null, null, expect.closeTo(4 / 256, 10), 1]);
  });
});

test('saturation crafts the first way on each single model anew; of a light study one perturbation', () => {
  const made = (surrogates: string[], attack: string, seed: number) => ({
    ...{ id: `${surrogates} ${attack} ${seed}`, surrogates, attack, norm: 'inf' as const, epsilon: 10, seed },
    recipe: `${surrogates} ${attack}`,
  });
  const all = [
    ...[made([], 'noise', 1), made(['a', 'b'], 'uap', 1), made(['a'], 'uap', 1), made(['a'], 'uap', 2)],
    ...[made(['a'], 'house', 1), made(['b'], 'house', 1)],
  ];
  expect(recipesOf(all, 'whole').map(({ id }) => id)).toEqual(['a uap 1', 'a uap 2', 'b house 1']);
  expect(recipesOf(all, 'light').map(({ id }) => id)).toEqual(['a uap 1']);
});
