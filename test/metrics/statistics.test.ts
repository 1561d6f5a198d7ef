import { describe, expect, test } from 'vitest';
import { entropy, holm, meanAndDeviation, overlap, rankCorrelation } from '#shared/metrics';

test('Holm corrects each for those that are left, and never below an earlier one', () => {
  // 3 * 0.01, 2 * 0.02, 1 * 0.03 raised to what came before.
  const [smallest, middle, largest] = holm([0.01, 0.02, 0.03]);
  expect(smallest).toBeCloseTo(0.03);
  expect(middle).toBeCloseTo(0.04);
  expect(largest).toBeCloseTo(0.04);
  expect(holm([0.9, 0.001, 0.6])).toEqual([1, 0.003, 1]);
  expect(holm([])).toEqual([]);
});

test('mean and deviation of a sample', () => {
  expect(meanAndDeviation([2, 4, 4, 4, 5, 5, 7, 9])).toEqual({ mean: 5, deviation: Math.sqrt(32 / 7) });
  expect(meanAndDeviation([0.3])).toEqual({ mean: 0.3, deviation: null });
});

test('entropy is 0 for one kind and log2 n for n alike', () => {
  expect(entropy([7])).toBeCloseTo(0);
  expect(entropy([3, 3, 0, 3, 3])).toBeCloseTo(2);
  expect(entropy([1, 1, 2])).toBeCloseTo(1.5);
});

describe('the rank correlation', () => {
  test('asks for the order alone', () => {
    expect(rankCorrelation([1, 2, 3, 4], [1, 10, 100, 1000])).toBeCloseTo(1);
    expect(rankCorrelation([1, 2, 3, 4], [5, 4, 0, -1])).toBeCloseTo(-1);
  });

  test('is that of a textbook with 1 - 6 sum d^2 / n (n^2 - 1), and takes ties by their mean rank', () => {
    const [a, b] = [
      [1, 2, 3, 4, 5],
      [2, 1, 4, 3, 5],
    ];
    expect(rankCorrelation(a, b)).toBeCloseTo(1 - (6 * 4) / (5 * 24));
    // Ranks 1.5, 1.5, 3, 4 against 1, 2, 3, 4: Pearson's correlation of these.
    expect(rankCorrelation([0, 0, 1, 2], [1, 2, 3, 4])).toBeCloseTo(4.5 / Math.sqrt(4.5 * 5));
    expect(rankCorrelation([1, 1, 1], [1, 2, 3])).toBeNull();
  });
});

describe('the overlap of two sets', () => {
  test('is the index of Jaccard, beside the mean of all sets of these sizes', () => {
    // Of 4 things two sets of 2: in common 0, 1 or 2 with 1, 4 and 1 of 6 ways.
    const found = overlap(4, 2, 2, 1);
    expect(found.jaccard).toBeCloseTo(1 / 3);
    expect(found.expected).toBeCloseTo((4 / 6) * (1 / 3) + (1 / 6) * 1);
    expect(found.p).toBeCloseTo(5 / 6);
    expect(overlap(4, 2, 2, 2).p).toBeCloseTo(1 / 6);
  });

  test('of nothing is nothing, and of all is all', () => {
    expect(overlap(5, 0, 0, 0)).toMatchObject({ jaccard: 0, expected: 0 });
    const all = overlap(5, 5, 5, 5);
    for (const value of [all.jaccard, all.expected, all.p]) expect(value).toBeCloseTo(1);
  });
});
