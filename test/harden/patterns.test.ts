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
