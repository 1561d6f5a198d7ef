import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { argmax, softmax, topK, wilson } from '#shared/metrics';

const logits = fc.array(fc.float({ min: -1000, max: 1000, noNaN: true }), { minLength: 1, maxLength: 50 });

describe('the Wilson interval', () => {
  test('gives published values', () => {
    // Newcombe, Two-sided confidence intervals for the single proportion, Statistics in Medicine 17 (1998), table I,
    // method 3.
    for (const [successes, n, low, high] of [
      [81, 263, 0.2553, 0.3662],
      [15, 148, 0.0624, 0.1605],
      [0, 20, 0, 0.1611],
      [1, 29, 0.0061, 0.1718],
    ]) {
      const interval = wilson(successes, n);
      expect(interval.low).toBeCloseTo(low, 4);
      expect(interval.high).toBeCloseTo(high, 4);
    }
  });

  test('holds the ratio, stays inside 0..1, and mirrors when successes and failures change places', () => {
    const trials = fc
      .integer({ min: 1, max: 100000 })
      .chain((n) => fc.tuple(fc.integer({ min: 0, max: n }), fc.constant(n)));
    fc.assert(
      fc.property(trials, ([successes, n]) => {
        const { ratio, low, high } = wilson(successes, n);
        expect(ratio).toBe(successes / n);
        expect(0 <= low && low <= ratio && ratio <= high && high <= 1).toBe(true);
        expect(wilson(n - successes, n).high).toBeCloseTo(1 - low, 12);
      }),
    );
  });

  test('knows nothing of no trials, and refuses what is no share', () => {
    expect(wilson(0, 0)).toEqual({ ratio: 0, low: 0, high: 1 });
    expect(() => wilson(3, 2)).toThrow(RangeError);
    expect(() => wilson(-1, 2)).toThrow(RangeError);
  });
});

describe('predictions', () => {
  test('take the first of equal logits, in a row of many', () => {
    expect(argmax([9, 1, 3, 3, 2], 1, 4)).toBe(1);
  });

  test('have probabilities that sum to 1 whatever the logits, and do not change when all logits move', () => {
    fc.assert(
      fc.property(logits, (values) => {
        const probabilities = softmax(values);
        expect(probabilities.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 12);
        const moved = softmax(values.map((value) => value + 4096));
        for (const [i, p] of probabilities.entries()) expect(moved[i]).toBeCloseTo(p, 9);
      }),
    );
  });

  test('are ranked by their logits, also where probabilities have gone to 0', () => {
    expect(topK([0, -5000, -4000], 3).map(({ index }) => index)).toEqual([0, 2, 1]);
    expect(topK([1, 2], 5)).toHaveLength(2);
    fc.assert(
      fc.property(logits, (values) => {
        expect(topK(values, 1)[0].index).toBe(argmax(values));
      }),
    );
  });
});
