import fc from 'fast-check';
import * as ort from 'onnxruntime-node';
import { describe, expect, test } from 'vitest';
import {
  argmax,
  atLeast,
  changedShare,
  logitsOf,
  meanShare,
  pairedTest,
  predictionsOf,
  softmax,
  targetShare,
  wilson,
} from '#shared/metrics';
import { topK } from '../../shared/metrics/predictions.ts';
import { tinyModel, tinyPhotos } from '../support/tiny-model.ts';

const logits = fc.array(fc.float({ min: -1000, max: 1000, noNaN: true }), { minLength: 1, maxLength: 50 });

/** Successes of trials. */
const trials = fc
  .integer({ min: 1, max: 100000 })
  .chain((n) => fc.tuple(fc.integer({ min: 0, max: n }), fc.constant(n)));

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
    fc.assert(
      fc.property(trials, ([successes, n]) => {
        const { ratio, low, high } = wilson(successes, n);
        expect(ratio).toBe(successes / n);
        expect(0 <= low && low <= ratio && ratio <= high && high <= 1).toBe(true);
        expect(wilson(n - successes, n).high).toBeCloseTo(1 - low, 12);
      }),
    );
  });

  test('ends where the ratio lies just 1.96 standard errors away, of the share that is meant', () => {
    fc.assert(
      fc.property(trials, ([successes, n]) => {
        const { ratio, low, high } = wilson(successes, n);
        for (const end of [low, high]) {
          // At 0 and 1 there is no standard error, and the interval ends there.
          if (end === 0 || end === 1) expect(end).toBe(ratio);
          else expect(Math.abs(ratio - end) / Math.sqrt((end * (1 - end)) / n)).toBeCloseTo(1.959963984540054, 6);
        }
      }),
    );
  });

  test('knows nothing of no trials, and refuses what is no share', () => {
    expect(wilson(0, 0)).toEqual({ ratio: 0, low: 0, high: 1 });
    expect(() => wilson(3, 2)).toThrow(RangeError);
    expect(() => wilson(-1, 2)).toThrow(RangeError);
  });
});

describe('the exact tests', () => {
  /** How many of the 2^trials ways have so many heads or more, in whole numbers. */
  const ways = (heads: number, coins: number) => {
    let [term, sum] = [1n, 0n];
    for (let k = 0; k <= coins; k++) {
      if (k >= heads) sum += term;
      term = (term * BigInt(coins - k)) / BigInt(k + 1);
    }
    return sum;
  };
  /** A quotient of whole numbers that are too large for floating point. */
  const quotient = (a: bigint, b: bigint) => Number((a * 10n ** 18n) / b) / 1e18;
  const hits = (text: string) => [...text].map((letter) => letter === '1');

  test('the binomial tail is the sum of its terms, and survives many trials', () => {
    expect(atLeast(0, 10, 0.3)).toBeCloseTo(1, 12);
    // A thousandth, five or six times among a hundred photos; more hardly ever.
    const five = 75_287_520e-15 * 0.999 ** 95;
    const six = 1_192_052_400e-18 * 0.999 ** 94;
    expect(atLeast(5, 100, 0.001) / (five + six)).toBeCloseTo(1, 3);
    expect(atLeast(5000, 10_000, 0.5)).toBeCloseTo(0.504, 3);
    expect(atLeast(3, 3, 1)).toBe(1);
    const coins = fc
      .integer({ min: 0, max: 400 })
      .chain((n) => fc.tuple(fc.integer({ min: 0, max: n }), fc.constant(n)));
    fc.assert(
      fc.property(coins, ([heads, n]) => {
        expect(atLeast(heads, n, 0.5)).toBeCloseTo(quotient(ways(heads, n), 2n ** BigInt(n)), 10);
      }),
    );
  });

  test('the paired test looks only at photos on which the two differ', () => {
    expect(pairedTest(hits('1111'), hits('1111'))).toBe(1);
    // Six photos, all for the first: 2 / 64.
    expect(pairedTest(hits('111111110'), hits('110000000'))).toBeCloseTo(2 / 64, 12);
    expect(pairedTest(hits('1010'), hits('0101'))).toBe(1);
  });

  test('the paired test is twice the tail of a fair coin, at most 1, whichever comes first', () => {
    const photos = fc.array(fc.tuple(fc.boolean(), fc.boolean()), { maxLength: 300 });
    fc.assert(
      fc.property(photos, (pairs) => {
        const [a, b] = [pairs.map(([first]) => first), pairs.map(([, second]) => second)];
        const split = pairs.filter(([first, second]) => first !== second);
        const most = Math.max(split.filter(([first]) => first).length, split.filter(([, second]) => second).length);
        const expected = quotient(2n * ways(most, split.length), 2n ** BigInt(split.length));
        expect(pairedTest(a, b)).toBeCloseTo(Math.min(1, expected), 10);
        expect(pairedTest(b, a)).toBe(pairedTest(a, b));
      }),
    );
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

  test('carry the names of their classes, and an index where there is none', () => {
    const predictions = predictionsOf([1, 3, 2], ['cat', 'dog'], 2);
    expect(predictions.map(({ index, label }) => [index, label])).toEqual([
      [1, 'dog'],
      [2, 'class 2'],
    ]);
    expect(predictions[0].probability).toBeCloseTo(Math.exp(3) / (Math.exp(1) + Math.exp(2) + Math.exp(3)), 12);
  });
});

describe('the logits of canvases', () => {
  test('are those of each canvas, in its place of the batch', async () => {
    const { bytes, weights, size, classes, length } = tinyModel();
    const { pixels } = tinyPhotos({ count: 3 });
    const canvases = [0, 1, 2].map((i) => Float32Array.from(pixels.subarray(i * length, (i + 1) * length)));
    const session = await ort.InferenceSession.create(bytes);
    const found = await logitsOf(ort, session, canvases, size);
    await session.release();
    expect(found).toHaveLength(3);
    for (const [i, canvas] of canvases.entries()) {
      const expected = Array.from({ length: classes }, (_, k) =>
        canvas.reduce((sum, value, at) => sum + (value - 127.5) * weights[at * classes + k], 0),
      );
      expect(found[i]).toHaveLength(classes);
      for (const [k, value] of expected.entries()) expect(found[i][k]).toBeCloseTo(value, 3);
    }
  });
});

describe('shares of photos', () => {
  test('count every changed label as fooled', () => {
    expect(changedShare([1, 2, 3, 4], [1, 5, 3, 1])).toEqual({ photos: 4, fooled: 2, ...wilson(2, 4) });
  });

  test('count towards a target only the photos that were not of it', () => {
    // The first was of class 1 already, and leaves it; the last two become it.
    expect(targetShare(1, [1, 2, 3, 4], [5, 2, 1, 1])).toEqual({ photos: 3, fooled: 2, ...wilson(2, 3) });
    expect(targetShare(1, [1, 1], [1, 1])).toMatchObject({ photos: 0, fooled: 0, ratio: 0, low: 0, high: 1 });
  });

  test('of several models are one with the interval of the photos, not of the answers', () => {
    const of = (fooled: number) => ({ photos: 40, fooled, ...wilson(fooled, 40) });
    expect(meanShare([of(31)])).toEqual(of(31));
    const { photos, fooled, ratio, low, high } = meanShare([of(30), of(20), of(15)]);
    expect([photos, fooled]).toEqual([40, expect.closeTo(65 / 3, 12)]);
    expect([ratio, low, high]).toEqual([
      expect.closeTo(65 / 120, 12),
      expect.closeTo(wilson(65 / 3, 40).low, 12),
      expect.closeTo(wilson(65 / 3, 40).high, 12),
    ]);
    // Towards a target, models count different photos: the fewest are the trials.
    expect(meanShare([of(20), { photos: 30, fooled: 15, ...wilson(15, 30) }]).photos).toBe(30);
    expect(meanShare([of(40), of(40)])).toEqual(of(40));
  });

  test('refuse predictions of other photos', () => {
    expect(() => changedShare([1], [1, 2])).toThrow(/not of the same photos/);
  });
});
