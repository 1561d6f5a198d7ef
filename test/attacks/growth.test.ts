import { expect, test } from 'vitest';
import { growthSide, middleOf } from '../../shared/attacks/growth.ts';

test('what is kept of how a perturbation grew is its middle, pixel by pixel', () => {
  const size = 70;
  expect(growthSide(size)).toBe(48);
  const v = Float32Array.from({ length: 3 * size * size }, (_, i) => i);
  const middle = middleOf(v, size);
  const at = (channel: number, y: number, x: number) => v[channel * size * size + y * size + x];
  expect(middle).toHaveLength(3 * 48 * 48);
  expect(middle[0]).toBe(at(0, 11, 11));
  expect(middle[48 * 48 + 48 + 2]).toBe(at(1, 12, 13));
  expect(middle.at(-1)).toBe(at(2, 58, 58));
});

test('a small perturbation is kept whole, as a copy', () => {
  const v = new Float32Array(3 * 8 * 8).fill(1);
  const middle = middleOf(v, 8);
  expect(middle).toEqual(v);
  v.fill(2);
  expect(middle[0]).toBe(1);
});
