import { describe, expect, test } from 'vitest';
import { auroc } from '#shared/metrics';
import { random } from '#shared/synthetic';
import { conformalThreshold, leastPhotos } from '../../batch/harden/calibration.ts';
import { fitDetector, type Sample, scoreOf } from '../../batch/harden/index.ts';
import { fitRegression } from '../../batch/harden/regression.ts';

describe('the threshold', () => {
  const scores = Array.from({ length: 199 }, (_, i) => ((i * 83) % 199) + 1); // 1..199 in some order.
  test.each([
    [0.01, 198],
    [0.05, 190],
    [0.5, 100],
    // (199 + 1) * 0.995 is 199: the largest.
    [0.005, 199],
  ])('that holds %d is the score of rank ceil((n + 1) (1 - rate))', (rate, expected) => {
    expect(conformalThreshold(scores, rate)).toEqual({ threshold: expected, rank: expected });
  });

  test('needs as many photos as leastPhotos says, and no fewer do', () => {
    for (const rate of [0.01, 0.02, 0.1, 0.3, 1 / 3]) {
      const least = leastPhotos(rate);
      const some = (count: number) => Array.from({ length: count }, (_, i) => i);
      expect(conformalThreshold(some(least), rate)).not.toBeNull();
      expect(conformalThreshold(some(least - 1), rate)).toBeNull();
    }
    expect(leastPhotos(0.01)).toBe(99);
  });

  test('is exceeded by new scores as often as it says, and no oftener', () => {
    const draw = random(1, 'conformal');
    let above = 0;
    const rounds = 20_000;
    for (let round = 0; round < rounds; round++) {
      const { threshold } = conformalThreshold(
        Array.from({ length: 19 }, () => draw.normal()),
        0.1,
      )!;
      if (draw.normal() > threshold) above++;
    }
    // Of 20 scores that are alike, the 18th of 19 is exceeded by the last with probability 2/20.
    expect(above / rounds).toBeGreaterThan(0.093);
    expect(above / rounds).toBeLessThan(0.107);
  });
});

test('the area under the curve is the share of pairs in the right order, ties counted half', () => {
  const draw = random(2, 'auroc');
  const [negatives, positives] = [40, 30].map((count) => Array.from({ length: count }, () => draw.below(12)));
  let pairs = 0;
  for (const p of positives) for (const n of negatives) pairs += p > n ? 1 : p === n ? 0.5 : 0;
  expect(auroc(negatives, positives)).toBeCloseTo(pairs / 1200, 12);
  expect(auroc([1, 2], [3, 4])).toBe(1);
});

describe('a detector', () => {
  const features = 6;
  const photos = 60;
  const draw = random(3, 'detector');
  const samples: Sample[] = Array.from({ length: photos }, (_, source) => source).flatMap((source) => {
    const plain = { source, change: 'none' as const, quality: null, seed: 0 };
    return [
      { ...plain, tampered: null, calibrates: true },
      { ...plain, tampered: { perturbation: 0, strength: 1, isPattern: false }, calibrates: false },
      { ...plain, tampered: null, calibrates: false, change: 'flip' as const },
    ];
  });
  const statistics = Float32Array.from({ length: samples.length * features }, (_, i) => {
    const tampered = samples[Math.floor(i / features)].tampered !== null;
    return draw.normal() + (tampered && i % features === 0 ? 2.5 : 0);
  });
  const foldOf = (source: number) => source % 5;
  const task = { statistics, features, samples, foldOf, rate: 0.1 };

  test('has the threshold that clean photos set whose fold the regression had not seen', async () => {
    const found = (await fitDetector(task))!;
    const common = { data: statistics, features, positive: (row: number) => samples[row].tampered !== null };
    const clean: number[] = [];
    const tampered: number[] = [];
    for (let fold = 0; fold < 5; fold++) {
      const rows = samples.flatMap(({ source }, row) => (source % 5 === fold ? [] : [row]));
      const regression = await fitRegression({ ...common, rows });
      for (const [row, sample] of samples.entries()) {
        if (sample.source % 5 !== fold) continue;
        const score = scoreOf(regression, statistics, row * features);
        if (sample.calibrates) clean.push(score);
        if (sample.tampered) tampered.push(score);
      }
    }
    const sorted = clean.toSorted((a, b) => a - b);
    // The regressions of folds start from that on everything, and end a little elsewhere.
    expect(found.threshold).toBeCloseTo(sorted[Math.ceil(61 * 0.9) - 1], 2);
    const { calibration } = found;
    expect(calibration).toMatchObject({ photos: 60, rank: 55, falseAlarms: 5, tampered: 60 });
    expect(calibration.caught).toBe(tampered.filter((score) => score > found.threshold).length);
    expect(calibration.caught).toBeGreaterThan(40);
    expect(calibration.auroc).toBeGreaterThan(0.9);
  });

  test('scores as the regression on everything does, though its weights are stored in 16 bits', async () => {
    const found = (await fitDetector(task))!;
    const rows = samples.map((_, row) => row);
    const whole = await fitRegression({
      data: statistics,
      features,
      rows,
      positive: (row) => samples[row].tampered !== null,
    });
    for (const row of rows) {
      const expected = scoreOf(whole, statistics, row * features);
      expect(Math.abs(scoreOf(found, statistics, row * features) - expected)).toBeLessThan(2e-3);
    }
    expect(found.weights).not.toEqual(whole.weights);
  });

  test('is none where the photos are too few for the rate', async () => {
    expect(await fitDetector({ ...task, rate: 0.01 })).toBeNull();
  });
});
