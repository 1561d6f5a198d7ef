import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { wilson } from '#shared/metrics';
import { transferRow as schema } from '#shared/release';
import { dominantLabels, measure, transferRow } from '../../batch/analyses/index.ts';
import { type Compute, openCompute } from '../../batch/compute/index.ts';
import { tinyModel, tinyPhotos } from '../support/tiny-model.ts';

const of = (labels: number[]) => ({
  labels: Int32Array.from(labels),
  probabilities: new Float32Array(labels.length).fill(0.5),
});
const clean = of([1, 2, 3, 4]);

describe('measure', () => {
  let compute: Compute;
  beforeAll(async () => {
    compute = await openCompute({ provider: 'cpu', workers: 2 });
  });
  afterAll(() => compute.close());

  it('measures rounded pixels: what rounds to nothing changes nothing, not even a probability', async () => {
    const prepared = tinyModel();
    const photos = tinyPhotos();
    const indices = [3, 1, 7];
    const task = { compute, prepared, photos, indices };
    const before = await measure({ ...task, v: null });
    const after = await measure({ ...task, v: new Float32Array(prepared.length).fill(0.4) });
    expect(after).toEqual(before);
    const strong = await measure({
      ...task,
      v: Float32Array.from({ length: prepared.length }, (_, i) => 200 * Math.sin(i)),
    });
    expect(strong.probabilities).not.toEqual(before.probabilities);
    for (const probability of before.probabilities) expect(probability).toBeGreaterThanOrEqual(0.25);
  });

  it('keeps the order of the indices', async () => {
    const task = { compute, prepared: tinyModel(), photos: tinyPhotos(), v: null };
    const all = await measure({ ...task, indices: [...Array(12).keys()] });
    const some = await measure({ ...task, indices: [9, 0] });
    expect([...some.labels]).toEqual([all.labels[9], all.labels[0]]);
  });
});

describe('transfer row', () => {
  const cell = {
    perturbation: 'p',
    surrogates: ['a', 'b'],
    target: 't',
    attack: 'cosine-uap',
    norm: 'inf' as const,
    epsilon: 10,
    seed: 1,
    clean,
    perturbed: of([1, 5, 5, 5]),
    noise: of([1, 2, 3, 9]),
  };

  it('counts fooled among all photos, and lost among those that were right', () => {
    const row = transferRow({ ...cell, truth: [1, 2, 9, null] });
    expect(schema.parse(row)).toEqual(row);
    expect(row).toMatchObject({ surrogate: 'a+b', photos: 4, fooled: 3, noise: 0.25, noise_fooled: 1 });
    // Right without it: photos 0 and 1; photo 1 is lost.
    expect(row).toMatchObject({ labelled: 3, correct: 2, fooled_given_correct: 0.5 });
    expect([row.fooled_given_correct_low, row.fooled_given_correct_high]).toEqual([
      wilson(1, 2).low,
      wilson(1, 2).high,
    ]);
    // The noise changes photo 3, which has no label, and leaves both that were right.
    expect(row).toMatchObject({ noise_given_correct: 0, noise_given_correct_low: 0 });
    expect(row.noise_given_correct_high).toBe(wilson(0, 2).high);
  });

  it('says null where no photo has a label, and "none" where there was no surrogate', () => {
    const row = transferRow({ ...cell, surrogates: [], truth: [null, null, null, null] });
    expect(row).toMatchObject({ surrogate: 'none', labelled: 0, correct: null, fooled_given_correct: null });
    expect(row).toMatchObject({ fooled_given_correct_low: null, noise_given_correct: null });
    expect(transferRow({ ...cell, truth: [7, null, null, null] })).toMatchObject({
      correct: 0,
      fooled_given_correct: null,
    });
  });
});

describe('dominant labels', () => {
  it('counts what photos became, not what they were, most frequent first', () => {
    const before = of([1, 2, 3, 4, 5, 6]);
    expect(dominantLabels(before, of([1, 8, 8, 9, 9, 7]))).toEqual([
      { index: 8, photos: 2 },
      { index: 9, photos: 2 },
      { index: 7, photos: 1 },
    ]);
    expect(dominantLabels(before, of([1, 8, 8, 9, 9, 7]), 1)).toEqual([{ index: 8, photos: 2 }]);
  });
});
