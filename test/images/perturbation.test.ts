import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { amplifyToRgba, applyPerturbation, l2Norm, linfNorm, project } from '#shared/images';

const vectors = fc.float32Array({ minLength: 1, maxLength: 60, min: -1e6, max: 1e6, noNaN: true });
const bounds = fc.double({ min: 1e-3, max: 5000, noNaN: true });

describe('a perturbation on a canvas', () => {
  test('gives whole pixels in 0..255, halves up', () => {
    expect(Array.from(applyPerturbation([0, 250, 100, 100, 7], [-3, 10, 0.5, 0.49, -2.5]))).toEqual([
      0, 255, 101, 100, 5,
    ]);
    expect(Array.from(applyPerturbation([100, 100], [10, -10], 0.55))).toEqual([106, 95]);
  });

  test('changes nothing at strength 0, and never more than half a level beyond its bound', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(255), fc.float({ min: -10, max: 10, noNaN: true }))), (pairs) => {
        const canvas = Float32Array.from(pairs, ([value]) => value);
        const v = Float32Array.from(pairs, ([, value]) => value);
        expect(applyPerturbation(canvas, v, 0)).toEqual(canvas);
        const perturbed = applyPerturbation(canvas, v);
        for (const [i, value] of perturbed.entries()) {
          expect(Number.isInteger(value) && value >= 0 && value <= 255).toBe(true);
          expect(Math.abs(value - canvas[i])).toBeLessThanOrEqual(Math.abs(v[i]) + 0.5);
        }
      }),
    );
  });

  test('of another size is refused', () => {
    expect(() => applyPerturbation([1, 2], [1])).toThrow(RangeError);
  });
});

describe('projection', () => {
  test('in norm inf keeps the bound to the last bit, also where float32 would round it up', () => {
    fc.assert(
      fc.property(vectors, bounds, (v, epsilon) => {
        const inside = v.map((value) => (Math.abs(value) < epsilon * 0.999 ? value : 0));
        const before = Float32Array.from(v);
        project(v, 'inf', epsilon);
        expect(linfNorm(v)).toBeLessThanOrEqual(epsilon);
        for (const [i, value] of v.entries()) {
          if (inside[i] !== 0) expect(value).toBe(inside[i]);
          else if (Math.abs(before[i]) >= epsilon) {
            expect(Math.sign(value)).toBe(Math.sign(before[i]));
            expect(Math.abs(value)).toBeGreaterThan(epsilon * (1 - 2e-7));
          }
        }
      }),
    );
    const v = new Float32Array([1, -1]);
    project(v, 'inf', 0.1);
    expect(Array.from(v)).toEqual([0.09999999403953552, -0.09999999403953552]);
  });

  test('in norm 2 keeps the direction, and the length within 1e-6', () => {
    fc.assert(
      fc.property(vectors, bounds, (v, epsilon) => {
        const before = Float64Array.from(v);
        const length = l2Norm(before);
        project(v, '2', epsilon);
        expect(l2Norm(v)).toBeLessThanOrEqual(epsilon * (1 + 1e-6));
        if (length <= epsilon) expect(Float64Array.from(v)).toEqual(before);
        else
          for (const [i, value] of v.entries())
            expect(Math.abs(value - (before[i] * epsilon) / length)).toBeLessThanOrEqual(epsilon * 1e-6);
      }),
    );
  });
});

describe('the amplified picture', () => {
  test('shows no change as grey and the largest change in full, opaque', () => {
    const v = Float32Array.from({ length: 12 }, () => 0);
    v[0] = 5;
    v[5] = -5;
    v[10] = 2.5;
    const { data } = amplifyToRgba(v, 2, 10);
    expect(Array.from(data)).toEqual([255, 128, 128, 255, 128, 1, 128, 255, 128, 128, 192, 255, 128, 128, 128, 255]);
    expect(Array.from(amplifyToRgba(new Float32Array(3), 1, 10).data)).toEqual([128, 128, 128, 255]);
  });
});
