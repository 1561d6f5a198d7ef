import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Lineup, patternOf } from '#shared/identify';
import { type Random, random } from '#shared/synthetic';
import { chanceOfLargest } from '../../shared/identify/significance.ts';

const noise = (size: number, draw: Random, deviation = 1) =>
  Float32Array.from({ length: 3 * size * size }, () => deviation * draw.normal());

/** v [3,size,size] moved right and down, with nothing where nothing comes from. */
function moved(v: Float32Array, size: number, x: number, y: number): Float32Array {
  const to = new Float32Array(v.length);
  for (let i = 0; i < v.length; i++) {
    const [column, row] = [(i % size) + x, (Math.floor(i / size) % size) + y];
    if (column >= 0 && column < size && row >= 0 && row < size) to[i + y * size + x] = v[i];
  }
  return to;
}

describe('a perturbation on a plain picture', () => {
  test('is named with exactly its strength, its sign and its shift', () => {
    const size = 40;
    const draw = random(1, 'perturbations');
    const known = Array.from({ length: 4 }, () => noise(size, draw, 5));
    const patterns = known.map((v) => patternOf(v, size));
    const inside = fc.integer({ min: -8, max: 8 });
    const strengths = fc.double({ min: 0.1, max: 2, noNaN: true });
    fc.assert(
      fc.property(fc.nat(3), strengths, fc.boolean(), inside, inside, (which, size01, flipped, x, y) => {
        const strength = flipped ? -size01 : size01;
        const canvas = moved(known[which], size, x, y).map((value) => 120 + strength * value);
        const lineup = new Lineup(canvas, size, { reach: 8, top: 4 });
        for (const [i, pattern] of patterns.entries()) lineup.try(`v${i}`, pattern);
        const [best, ...others] = lineup.matches();
        expect([best.id, best.named, best.shift]).toEqual([`v${which}`, true, { x, y }]);
        expect(best.strength).toBeCloseTo(strength, 4);
        expect(best.error).toBeLessThan(1e-4);
        expect(best.p).toBeLessThan(1e-30);
        expect(Math.sign(best.z)).toBe(Math.sign(strength));
        expect(others.map(({ named }) => named)).toEqual([false, false, false]);
      }),
      { numRuns: 60 },
    );
  });

  test('is found on a canvas of any size, odd ones too, and where it has no middle frequencies', () => {
    for (const size of [16, 21, 49]) {
      const v = noise(size, random(size, 'v'), 5);
      const lineup = new Lineup(
        moved(v, size, 2, -1).map((value) => 90 + 0.5 * value),
        size,
      );
      lineup.try('v', patternOf(v, size));
      const [{ named, strength, shift }] = lineup.matches();
      expect([named, shift]).toEqual([true, { x: 2, y: -1 }]);
      expect(strength).toBeCloseTo(0.5, 4);
    }
    // The finest checks there are: all of their energy is at half a cycle a pixel.
    const checks = Float32Array.from({ length: 3 * 32 * 32 }, (_, i) => ((i + Math.floor(i / 32)) % 2 ? 4 : -4));
    const lineup = new Lineup(
      checks.map((value) => 100 + value),
      32,
      { reach: 0 },
    );
    lineup.try('checks', patternOf(checks, 32));
    expect(lineup.matches()[0].strength).toBeCloseTo(1, 5);
  });

  test('that is not there leaves a plain picture without a match', () => {
    const lineup = new Lineup(new Float32Array(3 * 16 * 16).fill(77), 16);
    lineup.try('v', patternOf(noise(16, random(1, 'v')), 16));
    const [match] = lineup.matches();
    expect(match).toMatchObject({ named: false, z: 0, p: 1 });
    expect(match.strength).toBeCloseTo(0, 9);
  });
});

describe('of several that are alike', () => {
  test('only the one that fits best is named, and only as many are told as are asked for', () => {
    const size = 32;
    const draw = random(3, 'alike');
    const v = noise(size, draw, 5);
    const like = v.map((value) => 0.9 * value + draw.normal());
    const canvas = noise(size, draw, 3).map((value, i) => 128 + value + v[i]);
    const lineup = new Lineup(canvas, size, { reach: 2, top: 2 });
    for (const [id, one] of Object.entries({ other: noise(size, draw, 5), like, v }))
      lineup.try(id, patternOf(one, size));
    const matches = lineup.matches();
    expect(matches.map(({ id, named }) => [id, named])).toEqual([
      ['v', true],
      ['like', false],
    ]);
    expect(matches[1].p).toBeLessThan(1e-6);
  });

  test('one for another canvas is refused', () => {
    const lineup = new Lineup(new Float32Array(3 * 16 * 16), 16);
    expect(() => lineup.try('v', patternOf(new Float32Array(3 * 8 * 8), 8))).toThrow(/"v" is for a canvas of 8 pixels/);
  });
});

describe('where no perturbation is on the picture', () => {
  test('p is uniform, whatever the number of perturbations and shifts', () => {
    const size = 32;
    for (const [count, reach] of [
      [1, 0],
      [1, 4],
      [3, 2],
    ]) {
      const draw = random(10 * count + reach, 'uniform');
      const patterns = Array.from({ length: count }, () => patternOf(noise(size, draw), size));
      const found = Array.from({ length: 400 }, () => {
        const lineup = new Lineup(noise(size, draw, 20), size, { reach, top: 1 });
        for (const [i, pattern] of patterns.entries()) lineup.try(String(i), pattern);
        return lineup.matches()[0].p;
      }).sort((a, b) => a - b);
      const n = found.length;
      const distance = Math.max(...found.map((p, i) => Math.max(p - i / n, (i + 1) / n - p)));
      // Kolmogorov: further apart than this in one of a thousand draws.
      expect(distance, `${count} perturbations, reach ${reach}`).toBeLessThan(1.95 / Math.sqrt(n));
    }
  });

  test('the edges of a smooth picture are not taken for those of a perturbation', () => {
    const size = 128;
    const draw = random(1, 'edges');
    // Repeated side by side, the picture jumps from light to dark where the perturbation has a line.
    const canvas = Float32Array.from({ length: 3 * size * size }, (_, i) => 40 + (170 * (i % size)) / size);
    const v = Float32Array.from({ length: canvas.length }, (_, i) => (i % size === 0 ? 10 : 0) + 0.5 * draw.normal());
    const lineup = new Lineup(
      canvas.map((value) => value + 2 * draw.normal()),
      size,
    );
    lineup.try('v', patternOf(v, size));
    expect(lineup.matches()[0].p).toBeGreaterThan(0.01);
  });

  test('the strength misses zero by as much as its standard error says', () => {
    const size = 48;
    const draw = random(5, 'errors');
    const v = noise(size, draw, 5);
    const pattern = patternOf(v, size);
    const misses = Array.from({ length: 200 }, () => {
      const canvas = noise(size, draw, 10).map((value, i) => value + 0.3 * v[i]);
      const lineup = new Lineup(canvas, size, { reach: 0, top: 1 });
      lineup.try('v', pattern);
      const [{ strength, error }] = lineup.matches();
      return (strength - 0.3) / error;
    });
    const spread = Math.sqrt(misses.reduce((sum, miss) => sum + miss * miss, 0) / misses.length);
    expect(spread).toBeGreaterThan(0.85);
    expect(spread).toBeLessThan(1.15);
  });
});

test('the chance of the largest of many is that of the normal distribution, far out too', () => {
  // Two-sided, from tables and from R's 2 * pnorm(-z).
  for (const [z, p] of [
    [0, 1],
    [1.959964, 0.05],
    [-1.959964, 0.05],
    [6, 1.973175e-9],
    [10, 1.523971e-23],
    [30, 9.813428e-198],
  ])
    expect(chanceOfLargest(z, 1) / p).toBeCloseTo(1, 5);
  expect(chanceOfLargest(3, 1000)).toBeCloseTo(1 - (1 - 0.002699796) ** 1000, 5);
  expect(chanceOfLargest(10, 1e6) / 1.523971e-17).toBeCloseTo(1, 5);
  expect(chanceOfLargest(200, 1e6)).toBe(1e-300);
  expect(chanceOfLargest(0, 1e6)).toBe(1);
});
