import { describe, expect, test } from 'vitest';
import { random } from '#shared/synthetic';

const rotateBack = (x: number, by: number) => (x >>> by) | (x << (32 - by));

describe('random numbers', () => {
  test("are xoshiro128**'s", () => {
    const draw = random(1, 'any');
    draw.state.set([1, 2, 3, 4]);
    // What the reference code gives from that state: https://prng.di.unimi.it/xoshiro128starstar.c
    expect(Array.from({ length: 4 }, () => draw.bits())).toEqual([11520, 0, 5927040, 70819200]);
  });

  test('are others for another seed and for another purpose, and the same for the same', () => {
    const bits = (seed: number, stream: string) => {
      const draw = random(seed, stream);
      return Array.from({ length: 4 }, () => draw.bits()).join();
    };
    const cases: [number, string][] = [
      [1, 'a'],
      [2, 'a'],
      [2 ** 32 - 1, 'a'],
      [1, 'b'],
      [1, 'ab'],
      [1, 'ba'],
      [1, ''],
    ];
    expect(new Set(cases.map(([seed, stream]) => bits(seed, stream))).size).toBe(cases.length);
    for (const [seed, stream] of cases) expect(bits(seed, stream)).toBe(bits(seed, stream));
  });

  test('are below 1 at their largest', () => {
    const draw = random(1, 'any');
    // The state whose next number is 2^32 - 1: 9, the rotation and 5 undone, modulo 2^32.
    const word = Math.imul(rotateBack(Math.imul(-1, 0x38e38e39), 7), 0xcccccccd);
    draw.state.set([1, word, 3, 4]);
    expect(draw.bits()).toBe(2 ** 32 - 1);
    draw.state.set([1, word, 3, 4]);
    expect(draw.uniform()).toBeLessThan(1);
    draw.state.set([1, word, 3, 4]);
    expect(draw.below(10)).toBe(9);
  });

  test('are normal in their first four moments, and as far out as a normal number is', () => {
    const draw = random(3, 'normal');
    const count = 100_000;
    const values = Array.from({ length: count }, () => draw.normal());
    const moment = (power: number) => values.reduce((sum, x) => sum + x ** power, 0) / count;
    // Five standard errors: sqrt(1, 2, 15, 96) / sqrt(count).
    const near = (power: number, expected: number, variance: number) =>
      expect(Math.abs(moment(power) - expected)).toBeLessThan(5 * Math.sqrt(variance / count));
    near(1, 0, 1);
    near(2, 1, 2);
    near(3, 0, 15);
    near(4, 3, 96);
    const beyond = (x: number) => values.filter((value) => Math.abs(value) > x).length / count;
    expect(beyond(1)).toBeCloseTo(0.3173, 2);
    expect(beyond(2)).toBeCloseTo(0.0455, 2);
  });

  test('shuffle into every order equally often, also into the one that was', () => {
    const draw = random(4, 'orders');
    const counts = new Map<string, number>();
    for (let i = 0; i < 24_000; i++) {
      const order = draw.order(4).join('');
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(24);
    // 1000 each, standard deviation 31.
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(155);
  });
});
