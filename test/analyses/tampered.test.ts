import { describe, expect, test } from 'vitest';
import { wilson } from '#shared/metrics';
import { controlRow } from '../../batch/analyses/controls.ts';
import { spectrumScores } from '../../batch/analyses/hardened.ts';
import { changedBy, findings, foolingOf } from '../../batch/analyses/index.ts';
import { resistances } from '../../batch/analyses/resistance.ts';
import { type RocRow, rocRows } from '../../batch/analyses/roc.ts';
import { newlyFooled, strengthRows } from '../../batch/analyses/strength.ts';
import { tamperedCounts } from '../../batch/analyses/tampered.ts';
import type { TamperedRow } from '../../batch/analyses/tampered-columns.ts';
import { transferRow } from '../../batch/analyses/transfer.ts';

/** A network of the classes 0 to 3, hardened: 4 is "tampered with". `excess` decides where that wins. */
function seen(beneath: number[], excess: number[], softmax = beneath.map(() => 0.5), energy = softmax) {
  return {
    labels: Int32Array.from(beneath, (label, i) => (excess[i] > 0 ? 4 : label)),
    probabilities: new Float32Array(beneath.length).fill(0.5),
    detection: {
      ...{ tampered: 4, beneath: Int32Array.from(beneath), excess: Float32Array.from(excess) },
      ...{ softmax: Float32Array.from(softmax), energy: Float32Array.from(energy) },
    },
  };
}

// Six photos. Clean, the fourth is flagged by mistake.
const clean = seen([0, 1, 2, 3, 0, 1], [-5, -4, -3, 1, -2, -1]);
// Perturbed: kept, caught though not fooled, fooled and caught, flagged and then let through with another label, let
// through with its own label, fooled and not caught.
const perturbed = seen([0, 1, 0, 0, 0, 2], [-1.5, 2, 3, -2.5, -4.5, -0.5]);

describe('an attacker has won', () => {
  test('where the label is neither that of the clean photo nor "tampered with"', () => {
    expect(changedBy(clean, perturbed)).toEqual([false, false, false, true, false, true]);
    expect(foolingOf(clean, perturbed)).toEqual({ photos: 6, fooled: 2, ...wilson(2, 6) });
    // A clean photo that was flagged has the label that lies beneath.
    expect(changedBy(clean, seen([0, 1, 2, 3, 0, 1], [-1, -1, -1, -1, -1, -1]))).toEqual(Array(6).fill(false));
  });

  test('which is what the transfer table counts, with those that are caught beside it', () => {
    const of = {
      perturbation: 'p',
      surrogates: ['a'],
      target: 'h',
      attack: 'house',
      norm: 'inf',
      epsilon: 10,
      seed: 1,
    };
    const row = transferRow({ ...of, norm: 'inf', clean, perturbed, noise: clean, truth: [0, 1, 2, 3, 1, 1] });
    expect(row).toMatchObject({ fooled: 2, tampered: 2, noise_fooled: 0, labelled: 6 });
    // The fourth is flagged as it is, the fifth misread: four are right, and one of these is fooled.
    expect(row).toMatchObject({ correct: 4, fooled_given_correct: 0.25 });
    const { detection: _, ...plain } = clean;
    expect(transferRow({ ...of, norm: 'inf', clean: plain, perturbed: plain, noise: plain, truth: [] }).tampered).toBe(
      null,
    );
  });
});

test('which is what every table counts that is of a hardened network', () => {
  // Of the six the fourth and the last are fooled, and two are caught.
  const control = controlRow(
    { perturbation: 'p', target: 'h', control: 'noise', seed: 1 },
    { clean, perturbed: clean, control: perturbed },
  );
  expect(control).toMatchObject({ fooled: 2, only_control: 2, only_perturbation: 0 });
  expect(newlyFooled(clean, [clean, perturbed])).toEqual([0, 2]);
  const tried = { ...perturbed, variant: 'scaled', amount: 1, l2: 1 };
  expect(strengthRows({ perturbation: 'p', target: 'h' }, clean, [tried])).toMatchObject([{ fooled: 2, newly: 2 }]);
  const counted = resistances({ clean, crafted: [{ isOwn: true, measured: perturbed }], noises: [perturbed] });
  for (const column of ['fooled_by', 'fooled_by_own', 'fooled_by_noise'] as const)
    expect(counted.map((row) => row[column])).toEqual([0, 0, 0, 1, 0, 1]);
});

describe('the counts of a hardened network', () => {
  const truth = [0, 1, 2, 3, null, null];
  const thresholds = { softmax: 0.5, energy: 0.9 };
  const cell = { clean, beside: clean, seen: perturbed, isPerturbed: true, truth, thresholds };

  test('are of every photo one of three, and of the plain network what lies beneath', () => {
    expect(tamperedCounts(cell)).toMatchObject({ photos: 6, kept: 2, tampered: 2, fooled: 2, plain_fooled: 3 });
    expect(tamperedCounts(cell)).toMatchObject({ tampered_ratio: 1 / 3, tampered_low: wilson(2, 6).low });
    // Of the four whose class is known: the first is right, two are caught, the fourth is wrong.
    expect(tamperedCounts(cell)).toMatchObject({ right: 1, wrong: 1, plain_right: 2 });
    expect(tamperedCounts({ ...cell, truth: truth.map(() => null) })).toMatchObject({ right: null, wrong: null });
  });

  test('say how well the score tells them from clean ones that went the same way', () => {
    // The perturbed one is higher in 25 of 36 pairs: -1.5 over 4, 2 and 3 over 6 each, -2.5 over 3, -4.5 over 1, -0.5
    // over 5.
    expect(tamperedCounts(cell).auroc).toBeCloseTo((4 + 6 + 6 + 3 + 1 + 5) / 36, 12);
    const beside = seen([0, 1, 2, 3, 0, 1], [-9, -9, -9, -9, -9, -9]);
    expect(tamperedCounts({ ...cell, beside }).auroc).toBe(1);
    expect(tamperedCounts({ ...cell, seen: clean, isPerturbed: false }).auroc).toBe(null);
  });

  test('have those of a regression on energies, where it was tried', () => {
    expect(tamperedCounts(cell)).toMatchObject({ spectrum_auroc: null, spectrum_ratio: null });
    // Two photos of three energies: 1 + 2 x 3 - 4 and 1 + 2 x 5 - 0.
    const scores = spectrumScores({ weights: [2, 0, -1], bias: 1, threshold: 0 }, Float32Array.of(3, 9, 4, 5, 9, 0));
    expect(scores).toEqual([3, 11]);
    const spectrum = { beside: [0, 0, 0, 0, 0, 4], seen: [3, 3, 3, 3, 3, 11], threshold: 3 };
    // Of 36 pairs the last clean one is above five.
    expect(tamperedCounts({ ...cell, spectrum })).toMatchObject({ spectrum_auroc: 31 / 36, spectrum_ratio: 1 / 6 });
    expect(tamperedCounts({ ...cell, seen: clean, isPerturbed: false, spectrum }).spectrum_auroc).toBe(null);
  });

  test('hold the other two detectors to thresholds of their own', () => {
    const surprised = seen([0, 1, 2, 3, 0, 1], Array(6).fill(-1), [0.6, 0.7, 0.4, 0.5, 0.5, 0.9], [1, 0, 0, 0, 0, 0]);
    expect(tamperedCounts({ ...cell, seen: surprised })).toMatchObject({ softmax_ratio: 0.5, energy_ratio: 1 / 6 });
    // All of clean are at 0.5: of the surprised two are equal, one below, three above.
    expect(tamperedCounts({ ...cell, seen: surprised }).softmax_auroc).toBeCloseTo((3 + 2 / 2) / 6, 12);
  });
});

test('the sentence of the rounds is of the first and the last, and of the plain perturbation in both', () => {
  const says = findings.find(({ name }) => name === 'rounds')?.says;
  const row = (round: number, crafted_in: number | null, fooled_ratio: number) => ({
    ...{ model: 'a-hardened', round, crafted_in, fooled_ratio },
  });
  const [first, second] = [
    [row(1, null, 0), row(1, 0, 0.05), row(1, 1, 0.5)],
    [row(2, null, 0), row(2, 0, 0.04), row(2, 1, 0.1), row(2, 2, 0.4)],
  ];
  expect(says?.([...first, ...second])).toBe(
    'A perturbation that was crafted on it knowing of the class fools a-hardened on 50 % of photos, and in round 2, when it is hardened with those before, on 40 %; one of the plain network on 5 % and 4 %.',
  );
  expect(says?.([])).toBe(null);
});

test('the sentence is of perturbations that were held out, where some were', () => {
  const says = findings.find(({ name }) => name === 'tampered')?.says;
  const row = (of: Partial<TamperedRow>) => ({
    ...{ model: 'a-hardened', network: 'a', perturbation: 'p', variant: 'none', photos: 100, tampered_ratio: 0.02 },
    ...of,
  });
  const first = row({ perturbation: 'none', learnt: null });
  const learnt = row({ learnt: true, tampered: 99, fooled: 1, plain_fooled: 90 });
  const held = row({ learnt: false, tampered: 80, fooled: 10, plain_fooled: 70 });
  const weak = row({ learnt: false, variant: 'scaled', amount: 0.5, tampered: 0, fooled: 0, plain_fooled: 0 });
  expect(says?.([first, learnt, held, weak])).toBe(
    'With perturbations that it did not learn from a-hardened calls 80 % of photos tampered with and is fooled by 10 %, a by 70 %; of clean photos it flags 2 %.',
  );
  expect(says?.([first, learnt])).toMatch(/that it learnt from .* 99 %/);
  expect(says?.([])).toBe(null);
});

describe('the curves of a hardened network', () => {
  // Ten clean photos of the scores 0 to 9, each method in units of its own.
  const scored = (...scores: number[]) => ({
    ...{ class: scores, softmax: scores.map((score) => score / 100), energy: scores.map((score) => -score) },
    spectrum: scores.map((score) => score % 10),
  });
  const clean = scored(0, 1, 2, 3, 4, 5, 6, 7, 8, 9);
  const tried = [
    { id: 'p', learnt: false, scores: scored(20, 20, 20, 20, 20, 20, 20, 20, 8.5, 0.5) },
    { id: 'q', learnt: false, scores: scored(20, 20, 20, 20, 20, 20, 20, 20, 20, 20) },
    { id: 'r', learnt: true, scores: { ...scored(-1, -1, -1, -1, -1, -1, -1, -1, -1, -1), spectrum: null } },
  ];
  const rows = rocRows(clean, tried);
  const curve = (source: string, method: string) =>
    rows
      .filter((row) => row.source === source && row.method === method)
      .map(({ false_alarms, detected }) => [false_alarms, detected]);

  test('go from no false alarm to nothing but alarms, by shares of clean photos that are exceeded', () => {
    // 0.3, 0.5 and 0.6 are among the rates, 0.8 has the score 1 as threshold and 0.9 the score 0.
    expect(curve('p', 'class')).toEqual([
      ...[
        [0, 0.8],
        [0.1, 0.9],
        [0.2, 0.9],
        [0.3, 0.9],
        [0.4, 0.9],
        [0.5, 0.9],
        [0.6, 0.9],
        [0.7, 0.9],
        [0.8, 0.9],
      ],
      ...[
        [0.9, 1],
        [1, 1],
      ],
    ]);
    expect(curve('p', 'softmax')).toEqual(curve('p', 'class'));
    // The energies are the other way round: only the last one is as low as a clean one's.
    expect(curve('p', 'energy')[0]).toEqual([0, 0]);
    // By the last digit 8.5 alone is above 8, and nothing above 9.
    expect(curve('p', 'spectrum').slice(0, 2)).toEqual([
      [0, 0],
      [0.1, 0.1],
    ]);
  });

  test('are of all that was held out, of each of these, and of all that was learnt', () => {
    expect(curve('all held out', 'class')[0]).toEqual([0, 0.9]);
    expect(curve('all learnt', 'class').map(([, detected]) => detected)).toEqual([...Array(10).fill(0), 1]);
    // Not every method was tried on what was learnt.
    expect(curve('all learnt', 'spectrum')).toEqual([]);
    expect([...new Set(rows.map(({ source }) => source))]).toEqual(['all held out', 'p', 'q', 'all learnt']);
    expect(rows.find(({ source }) => source === 'all held out')).toMatchObject({ photos: 20, clean: 10 });
    expect(rows.find(({ source }) => source === 'r')).toBe(undefined);
  });

  test('are said in one sentence, by the best that is to be had for few false alarms', () => {
    const says = findings.find(({ name }) => name === 'roc')?.says;
    const row = (of: Partial<RocRow>) => ({ model: 'a-hardened', source: 'all held out', method: 'class', ...of });
    const known = [
      ...[row({ false_alarms: 0, detected: 0.7 }), row({ false_alarms: 0.05, detected: 0.9 })],
      ...[row({ false_alarms: 0.051, detected: 0.95 }), row({ method: 'energy', false_alarms: 0, detected: 0.1 })],
      row({ source: 'p', false_alarms: 0, detected: 1 }),
    ];
    expect(says?.(known)).toBe(
      'With at most 5 % of clean photos flagged, a-hardened catches 90 % of photos with perturbations that it did not learn from, the largest probability 0 %, the energy 10 %.',
    );
    expect(says?.([])).toBe(null);
  });
});
