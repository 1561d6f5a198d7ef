/** Answers and pictures that need no network: from what the release has measured, and from an 8-bit pattern. */
import { describe, expect, test } from 'vitest';
import { amplifyToRgba, applyPerturbation, canvasToRgba } from '#shared/images';
import { perturbed } from '../../site/lab/drawn.ts';
import { type MeasuredRow, publishedOf, publishedReading } from '../../site/lab/published.ts';
import type { LabState } from '../../site/lab/state.ts';

describe('the picture from an 8-bit pattern', () => {
  const size = 32;
  let seed = 1;
  const drawn = () => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed / 2 ** 32;
  };
  const canvas = Float32Array.from({ length: 3 * size * size }, () => Math.floor(drawn() * 256));
  const rgba = (of: ArrayLike<number>) => new Uint8ClampedArray(canvasToRgba(of, size).data);
  const both = (v: Float32Array, linf: number, strength: number) => ({
    exact: rgba(applyPerturbation(canvas, v, strength)),
    drawn: perturbed(rgba(canvas), new Uint8ClampedArray(amplifyToRgba(v, size).data), linf, strength),
  });

  test('is exactly what the networks read, where the pattern is at its bound', () => {
    const v = Float32Array.from(canvas, () => (drawn() < 0.5 ? -10 : 10));
    for (const strength of [0, 0.25, 0.5, 1, 1.25, 2]) {
      const { exact, drawn: picture } = both(v, 10, strength);
      expect(picture.perturbed).toEqual(exact);
      expect(picture.clean).toEqual(rgba(canvas));
    }
  });

  test('differs by one of 255 at the most, and in few pixels, where it is not', () => {
    const v = Float32Array.from(canvas, () => 20 * drawn() - 10);
    for (const strength of [0.5, 1, 2]) {
      const { exact, drawn: picture } = both(v, Math.max(...v.map(Math.abs)), strength);
      const differences = Array.from(exact, (value, i) => Math.abs(value - picture.perturbed[i]));
      expect(Math.max(...differences)).toBe(1);
      expect(differences.filter((one) => one > 0).length / (3 * size * size)).toBeLessThan(0.06);
    }
  });

  test('says how far it is from the photograph', () => {
    const v = Float32Array.from(canvas, () => 10);
    expect(both(v, 10, 0).drawn).toMatchObject({ linf: 0, psnr: null });
    const { linf, psnr } = both(v, 10, 1).drawn;
    expect(linf).toBe(10);
    // 10 of 255 everywhere, but where it is clipped at white.
    expect(psnr).toBeGreaterThan(28.13);
    expect(psnr).toBeLessThan(28.6);
  });
});

describe('the published answers of a photo', () => {
  const row = (model: string, perturbation: string | null, strength: number, index: number): MeasuredRow => ({
    ...{ model, perturbation, strength, index, label: `class ${index}`, probability: 0.25 + index / 100 },
  });
  const of = publishedOf([
    ...[row('one', null, 0, 1), row('one', null, 0, 2)],
    ...[row('one', 'p', 0.5, 1), row('one', 'p', 0.5, 3), row('one', 'p', 1, 3)],
    // The same again, from a table that has only the first label, and what only that table has.
    ...[row('one', null, 0, 1), row('one', 'p', 1, 9), row('two', null, 0, 4), row('two', 'p', 1, 4)],
  ]);
  const state: LabState = { photo: 'cat', model: 'one', perturbation: 'p', strength: 0.5, where: 'release' };
  const read = (change: Partial<LabState>) => {
    const found = publishedReading(of, { ...state, ...change });
    return found && [found.clean, found.perturbed].map((labels) => labels.map(({ index }) => index));
  };

  test('are those to the very question, and none to any other', () => {
    expect(read({})).toEqual([
      [1, 2],
      [1, 3],
    ]);
    expect(read({ strength: 0 })).toEqual([
      [1, 2],
      [1, 2],
    ]);
    expect(read({ strength: 1 })).toEqual([[1, 2], [3]]);
    expect(read({ model: 'two', strength: 1 })).toEqual([[4], [4]]);
    for (const change of [
      { strength: 0.6 },
      { perturbation: 'q' },
      { model: 'three' },
      { model: 'two', strength: 0.5 },
    ])
      expect(read(change)).toBeNull();
  });

  test('keep labels and probabilities as they were measured', () => {
    const [first, second] = publishedReading(of, state)!.perturbed;
    expect(first).toEqual({ index: 1, label: 'class 1', probability: 0.26 });
    expect(second).toEqual({ index: 3, label: 'class 3', probability: 0.28 });
  });
});
