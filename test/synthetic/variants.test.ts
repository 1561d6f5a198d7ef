import { describe, expect, test } from 'vitest';
import { radialSpectrum, random, type VariantKind, variantOf } from '#shared/synthetic';

const size = 12;
const plane = size * size;
const draw = random(7, 'a pattern');
const v = new Float32Array(3 * plane).map(() => 10 * draw.normal());
const of = (kind: VariantKind, amount: number | null = null, seed = 1) => variantOf(v, kind, { size, amount, seed });
const at = (picture: Float32Array, colour: number, row: number, column: number) =>
  picture[colour * plane + row * size + column];
const length = (picture: Float32Array) => Math.sqrt(picture.reduce((sum, value) => sum + value * value, 0));
const sorted = (picture: Float32Array, colour: number) =>
  [...picture.subarray(colour * plane, (colour + 1) * plane)].sort((a, b) => a - b);

describe('a variant of a perturbation', () => {
  test('scaled is so many times as strong, and flipped by -1', () => {
    expect(of('scaled', -1)).toEqual(v.map((value) => -value));
    expect(of('scaled', 0.5)[5]).toBeCloseTo(v[5] / 2);
  });

  test('rotated is turned clockwise: the top row is the right column then', () => {
    const turned = of('rotated');
    for (let i = 0; i < size; i++) expect(at(turned, 1, i, size - 1)).toBe(at(v, 1, 0, i));
    let four = v;
    for (let i = 0; i < 4; i++) four = variantOf(four, 'rotated', { size, amount: null, seed: 1 });
    expect(four).toEqual(v);
  });

  test('moved goes to the right and down, and comes in on the other side', () => {
    const moved = of('moved', 3);
    expect(at(moved, 2, 5, 7)).toBe(at(v, 2, 2, 4));
    expect(at(moved, 0, 1, 2)).toBe(at(v, 0, size - 2, size - 1));
  });

  test('shuffled keeps the pixels with their colours, in an order of the seed', () => {
    const shuffled = of('shuffled');
    for (const colour of [0, 1, 2]) expect(sorted(shuffled, colour)).toEqual(sorted(v, colour));
    const where = v.indexOf(shuffled[0]);
    expect([shuffled[plane], shuffled[2 * plane]]).toEqual([v[plane + where], v[2 * plane + where]]);
    expect(shuffled).not.toEqual(v);
    expect(of('shuffled', null, 2)).not.toEqual(shuffled);
    expect(of('shuffled')).toEqual(shuffled);
  });

  test('low and high frequencies are orthogonal, and together the whole', () => {
    const [low, high] = [of('low', 3), of('high', 3)];
    for (let i = 0; i < v.length; i++) expect(low[i] + high[i]).toBeCloseTo(v[i], 3);
    expect(low.reduce((sum, value, i) => sum + value * high[i], 0) / length(v) ** 2).toBeCloseTo(0);
    const [ofLow, ofHigh] = [radialSpectrum(low, size), radialSpectrum(high, size)];
    for (let cycles = 0; cycles <= size / 2; cycles++) {
      if (cycles > 4) expect(ofLow[cycles]).toBeCloseTo(0, 2);
      if (cycles < 3) expect(ofHigh[cycles]).toBeCloseTo(0, 2);
    }
  });

  test('gaussian has its length, and nothing else of it', () => {
    expect(length(of('gaussian'))).toBeCloseTo(length(v), 2);
    const inner = of('gaussian').reduce((sum, value, i) => sum + value * v[i], 0) / length(v) ** 2;
    expect(Math.abs(inner)).toBeLessThan(0.2);
  });
});

test('the radial spectrum of a wave is at its frequency alone', () => {
  const wave = new Float32Array(3 * plane).map((_, i) => Math.cos((2 * Math.PI * 4 * (i % size)) / size));
  const spectrum = radialSpectrum(wave, size);
  // cos has half its amplitude at +4 and at -4: 2 (plane / 2)^2 for each of three colours.
  expect(spectrum[4]).toBeCloseTo(Math.sqrt(6) * (plane / 2));
  expect(spectrum.filter((_, cycles) => cycles !== 4).every((amplitude) => Math.abs(amplitude) < 1e-3)).toBe(true);
});
