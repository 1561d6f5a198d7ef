import { describe, expect, test } from 'vitest';
import { noiseControl } from '#shared/attacks';
import { complex, Fourier } from '#shared/fourier';
import { l2Norm, linfNorm } from '#shared/images';
import { phaseTwin } from '../../shared/synthetic/phase-twin.ts';

describe('a phase twin', () => {
  const size = 48;
  const plane = size * size;
  /** Stripes whose two colours go together and the third against them, cut off at 10 as perturbations are. */
  const v = Float32Array.from({ length: 3 * plane }, (_, i) => {
    const [c, y, x] = [Math.floor(i / plane), Math.floor(i / size) % size, i % size];
    const wave = 14 * Math.sin(0.9 * x + 0.05 * y * y) + 6 * Math.cos(0.31 * y);
    return Math.min(10, Math.max(-10, c === 2 ? -wave : wave));
  });
  const twin = phaseTwin(v, size, 1);
  const channel = (of: Float32Array, c: number) => of.subarray(c * plane, (c + 1) * plane);
  const product = (a: ArrayLike<number>, b: ArrayLike<number>) =>
    Array.from(a).reduce((sum, value, i) => sum + value * b[i], 0);
  const cosine = (a: ArrayLike<number>, b: ArrayLike<number>) => product(a, b) / (l2Norm(a) * l2Norm(b));
  const amplitudes = (of: Float32Array, c: number) => {
    const spectrum = complex(plane);
    spectrum.re.set(channel(of, c));
    new Fourier(size).forward(spectrum);
    return spectrum.re.map((re, i) => Math.hypot(re, spectrum.im[i]));
  };

  test('has the very values of each colour, and so both norms', () => {
    for (const c of [0, 1, 2]) {
      expect(channel(twin, c).slice().sort()).toEqual(channel(v, c).slice().sort());
    }
    expect(linfNorm(twin)).toBe(linfNorm(v));
    expect(l2Norm(twin)).toBeCloseTo(l2Norm(v), 6);
  });

  test('has nearly its spectrum, which noise has not, and nothing of its shapes', () => {
    const noise = noiseControl(v.length, { norm: 'inf', epsilon: 10, seed: 1 });
    for (const c of [0, 1, 2]) {
      const own = amplitudes(v, c);
      expect(cosine(own, amplitudes(twin, c))).toBeGreaterThan(0.97);
      expect(cosine(own, amplitudes(noise, c))).toBeLessThan(0.4);
      expect(Math.abs(cosine(channel(v, c), channel(twin, c)))).toBeLessThan(0.25);
    }
    // What the colours have in common stays.
    expect(cosine(channel(twin, 0), channel(twin, 1))).toBeGreaterThan(0.97);
    expect(cosine(channel(twin, 0), channel(twin, 2))).toBeLessThan(-0.9);
  });

  test('is the same for a seed and another one for another', () => {
    expect(phaseTwin(v, size, 1)).toEqual(twin);
    expect(Math.abs(cosine(phaseTwin(v, size, 2), twin))).toBeLessThan(0.25);
  });
});
