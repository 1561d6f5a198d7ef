import { expect, test } from 'vitest';
import { l2Norm, linfNorm } from '#shared/images';
import { random } from '#shared/synthetic';
import { drawnPatterns } from '../../batch/harden/patterns.ts';

const size = 32;
const draw = random(1, 'like');
/** Signs of +-10, and one that is strong in few places. */
const signs = Float32Array.from({ length: 3 * size * size }, () => 20 * draw.below(2) - 10);
const sparse = Float32Array.from({ length: 3 * size * size }, (_, i) => (i % 50 === 0 ? 40 : 0.5));
const drawn = (seed: number, count = 24) => drawnPatterns([signs, sparse], { count, size, seed });

test('patterns are as strong as perturbations are, in one norm or the other, and stronger in none', () => {
  for (const [i, pattern] of drawn(1).entries()) {
    const like = i % 2 === 0 ? signs : sparse;
    expect(pattern).toHaveLength(like.length);
    const shares = [linfNorm(pattern) / linfNorm(like), l2Norm(pattern) / l2Norm(like)];
    expect(Math.max(...shares)).toBeCloseTo(1, 4);
  }
});

test('they are nearly as rough as noise, and faint perturbations are not followed', () => {
  const faint = signs.map((value) => value / 5);
  const size = 64;
  const large = Float32Array.from({ length: 3 * size * size }, (_, i) => signs[i % signs.length]);
  for (const pattern of drawnPatterns([large, faint], { count: 16, size, seed: 3 })) {
    expect(linfNorm(pattern)).toBeCloseTo(10, 4);
    for (let colour = 0; colour < 3; colour++) {
      let [steps, squares] = [0, 0];
      for (let i = 0; i < size * size; i++) {
        const at = colour * size * size + i;
        squares += pattern[at] ** 2;
        if ((i + 1) % size) steps += (pattern[at + 1] - pattern[at]) ** 2;
        if (i + size < size * size) steps += (pattern[at + size] - pattern[at]) ** 2;
      }
      expect(Math.sqrt(steps / (2 * squares))).toBeGreaterThan(0.6);
    }
  }
});

test('they come of the seed, and no two are alike', () => {
  expect(drawn(1)).toEqual(drawn(1));
  const all = [...drawn(1), ...drawn(2)];
  const cosine = (a: Float32Array, b: Float32Array) =>
    a.reduce((sum, value, i) => sum + value * b[i], 0) / (l2Norm(a) * l2Norm(b));
  for (const [i, a] of all.entries())
    for (const b of all.slice(i + 1)) expect(Math.abs(cosine(a, b))).toBeLessThan(0.9);
});

test('half of them are grey', () => {
  const plane = size * size;
  const isGrey = (v: Float32Array) => v.subarray(0, plane).every((value, i) => value === v[plane + i]);
  expect(drawn(1).filter(isGrey)).toHaveLength(12);
});
