import { describe, expect, test } from 'vitest';
import { atLeast, pairedTest } from '#shared/metrics';

describe('exact tests', () => {
  test('the binomial tail is the sum of its terms, and survives many trials', () => {
    expect(atLeast(0, 10, 0.3)).toBeCloseTo(1, 12);
    // 10 coins: 8, 9 or 10 heads in 45 + 10 + 1 of 1,024 ways.
    expect(atLeast(8, 10, 0.5)).toBeCloseTo(56 / 1024, 12);
    // A thousandth, five or six times among a hundred photos; more hardly ever.
    const five = 75_287_520e-15 * 0.999 ** 95;
    const six = 1_192_052_400e-18 * 0.999 ** 94;
    expect(atLeast(5, 100, 0.001) / (five + six)).toBeCloseTo(1, 3);
    expect(atLeast(5000, 10_000, 0.5)).toBeCloseTo(0.504, 3);
    expect(atLeast(3, 3, 1)).toBe(1);
  });

  test('the paired test looks only at photos that one reads and the other does not', () => {
    const hits = (text: string) => [...text].map((letter) => letter === '1');
    expect(pairedTest(hits('1111'), hits('1111'))).toBe(1);
    // Six photos, all for the first: 2 / 64.
    expect(pairedTest(hits('111111110'), hits('110000000'))).toBeCloseTo(2 / 64, 12);
    expect(pairedTest(hits('1010'), hits('0101'))).toBe(1);
  });
});
