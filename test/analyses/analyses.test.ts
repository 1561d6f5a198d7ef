import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Compute } from '#shared/compute';
import { writeNpy } from '#shared/formats';
import { summariseControls, wilson } from '#shared/metrics';
import { type ControlKind, controlRow as controlSchema, transferRow as schema } from '#shared/release';
import { controlRow } from '../../batch/analyses/controls.ts';
import { dominantLabels } from '../../batch/analyses/dominance.ts';
import { cellsOf, type Grid, truthOf } from '../../batch/analyses/grid.ts';
import { measure } from '../../batch/analyses/index.ts';
import { transferRow } from '../../batch/analyses/transfer.ts';
import { openCompute } from '../../batch/compute/index.ts';
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

  test('measures rounded pixels: what rounds to nothing changes nothing, not even a probability', async () => {
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

  test('keeps the order of the indices', async () => {
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

  test('counts fooled among all photos, and lost among those that were right', () => {
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

  test('says null where no photo has a label, and "none" where there was no surrogate', () => {
    const row = transferRow({ ...cell, surrogates: [], truth: [null, null, null, null] });
    expect(row).toMatchObject({ surrogate: 'none', labelled: 0, correct: null, fooled_given_correct: null });
    expect(row).toMatchObject({ fooled_given_correct_low: null, noise_given_correct: null });
    expect(transferRow({ ...cell, truth: [7, null, null, null] })).toMatchObject({
      correct: 0,
      fooled_given_correct: null,
    });
  });
});

describe('the true class of a photo', () => {
  const names = ['n00000002_7.jpg', 'n00000003.jpg', 'cat.jpg', 'n00000009_1.jpg'];
  const classes = ['n00000001', 'n00000002', 'n00000003'];

  test("is told by the WordNet id of its name, in the target's own order of classes", () => {
    expect(truthOf(names, { wnids: ['n00000003', null, 'n00000002'] }, classes)).toEqual([2, 0, null, null]);
  });

  test("is in the study's order where the target says none", () => {
    for (const wnids of [null, [null, null, null]])
      expect(truthOf(names, { wnids }, classes)).toEqual([1, 2, null, null]);
  });
});

test('every perturbation on every target has the predictions of that perturbation on that target', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'atlas-cells-'));
  try {
    /** Labels that tell what they are of. */
    const output = async (label: number) => {
      const at = join(folder, String(label));
      await mkdir(at);
      await writeFile(join(at, 'labels.npy'), writeNpy(Int32Array.of(label), [1]));
      await writeFile(join(at, 'probabilities.npy'), writeNpy(Float32Array.of(0.5), [1]));
      return { folder: at, result: { photos: 1 } };
    };
    const table = (from: number) =>
      Promise.all([0, 1].map((i) => Promise.all([0, 1, 2].map((k) => output(from + 10 * i + k)))));
    const targets = await Promise.all([0, 1, 2].map(async (k) => ({ id: k, clean: await output(300 + k) })));
    const perturbations = [{ id: 0 }, { id: 1 }];
    const grid = { targets, perturbations, measured: await table(100), noise: await table(200) };
    const cells: number[][] = [];
    for await (const { perturbation, target, ...of } of cellsOf(grid as unknown as Grid)) {
      const labels = [of.clean, of.perturbed, of.noise].map((measurement) => measurement.labels[0]);
      cells.push([Number(perturbation.id), Number(target.id), ...labels]);
    }
    expect(cells).toEqual([
      [0, 0, 300, 100, 200],
      [0, 1, 301, 101, 201],
      [0, 2, 302, 102, 202],
      [1, 0, 300, 110, 210],
      [1, 1, 301, 111, 211],
      [1, 2, 302, 112, 212],
    ]);
  } finally {
    await rm(folder, { recursive: true });
  }
});

describe('controls', () => {
  const of12 = (changed: number[]) => of(Array.from({ length: 12 }, (_, i) => (changed.includes(i) ? 99 : i)));
  const row = (perturbed: number[], control: number[], kind: ControlKind = 'noise') =>
    controlRow(
      { perturbation: 'p', target: 't', control: kind, seed: 1 },
      { clean: of12([]), perturbed: of12(perturbed), control: of12(control) },
    );

  test('are held to the perturbation on the same photos, by the exact paired test', () => {
    const found = row([0, 1, 2, 3, 4, 5, 6, 7], [7, 8]);
    expect(controlSchema.parse(found)).toEqual(found);
    expect(found).toMatchObject({ photos: 12, fooled: 2, ...wilson(2, 12), only_perturbation: 7, only_control: 1 });
    // Of eight coins one or none, or seven or all: 2 * (1 + 8) / 256.
    expect(found.p).toBeCloseTo(18 / 256, 12);
  });

  test('are beaten where every draw of every one is', () => {
    const all = [0, 1, 2, 3, 4, 5, 6, 7];
    const [weak, other] = [row(all, []), row(all, [0])];
    expect(summariseControls([])).toBeNull();
    expect(summariseControls([weak, other])).toMatchObject({
      ...{ beatsAll: true, strongest: other },
      spreads: { noise: { draws: 2, mean: 1 / 24, lowest: 0, highest: 1 / 12 } },
    });
    const strong = row(all, [7, 8, 9], 'blocks');
    expect(summariseControls([weak, strong, other])).toMatchObject({ beatsAll: false, strongest: strong });
    // A control that fools more, however clearly, is not beaten.
    expect(summariseControls([row([], all)])).toMatchObject({ beatsAll: false });
  });
});

describe('dominant labels', () => {
  test('counts what photos became, not what they were, most frequent first', () => {
    const before = of([1, 2, 3, 4, 5, 6]);
    expect(dominantLabels(before, of([1, 8, 8, 9, 9, 7]))).toEqual([
      { index: 8, photos: 2 },
      { index: 9, photos: 2 },
      { index: 7, photos: 1 },
    ]);
    expect(dominantLabels(before, of([1, 8, 8, 9, 9, 7]), 1)).toEqual([{ index: 8, photos: 2 }]);
  });
});
