import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { distortion } from '#shared/images';

const size = 24;
const clean = Float32Array.from({ length: 3 * size * size }, (_, i) => 128 + 100 * Math.sin(i * 0.37));

/** Two pictures [3,S,S] of the same size, whole pixels. */
const pairs = fc
  .integer({ min: 1, max: 20 })
  .chain((side) => fc.tuple(...[0, 1].map(() => fc.uint8Array({ minLength: 3 * side ** 2, maxLength: 3 * side ** 2 }))))
  .map(([a, b]) => ({ a, b, side: Math.sqrt(a.length / 3) }));

/** SSIM as its definition reads: for every window a weighted mean, variance and covariance, each about its mean. */
function definedSsim(a: Uint8Array, b: Uint8Array, side: number): number {
  const window = Math.min(11, side);
  const luma = (planes: Uint8Array, y: number, x: number) =>
    [0.299, 0.587, 0.114].reduce((sum, weight, c) => sum + weight * planes[(c * side + y) * side + x], 0);
  const offsets = Array.from({ length: window ** 2 }, (_, i) => [Math.floor(i / window), i % window]);
  const bell = offsets.map(([y, x]) => {
    const [dy, dx] = [y - (window - 1) / 2, x - (window - 1) / 2];
    return Math.exp(-(dy * dy + dx * dx) / (2 * 1.5 ** 2));
  });
  const all = bell.reduce((sum, weight) => sum + weight, 0);
  const mean = (of: (i: number) => number) => bell.reduce((sum, weight, i) => sum + (weight / all) * of(i), 0);
  const values: number[] = [];
  for (let top = 0; top + window <= side; top++) {
    for (let left = 0; left + window <= side; left++) {
      const [p, q] = [a, b].map((planes) => offsets.map(([y, x]) => luma(planes, top + y, left + x)));
      const [mp, mq] = [mean((i) => p[i]), mean((i) => q[i])];
      const [vp, vq] = [mean((i) => (p[i] - mp) ** 2), mean((i) => (q[i] - mq) ** 2)];
      const both = mean((i) => (p[i] - mp) * (q[i] - mq));
      const [c1, c2] = [(0.01 * 255) ** 2, (0.03 * 255) ** 2];
      values.push(((2 * mp * mq + c1) * (2 * both + c2)) / ((mp * mp + mq * mq + c1) * (vp + vq + c2)));
    }
  }
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

describe('distortion', () => {
  test('of nothing is none', () => {
    expect(distortion(clean, clean)).toEqual({ linf: 0, l2: 0, psnr: null, ssim: 1 });
  });

  test('has the norms of the change, and the PSNR of its mean square', () => {
    const perturbed = clean.map((value, i) => value + (i % 2 ? 4 : -4));
    const { linf, l2, psnr } = distortion(clean, perturbed);
    expect(linf).toBeCloseTo(4, 4);
    expect(l2).toBeCloseTo(4 * Math.sqrt(clean.length), 2);
    expect(psnr).toBeCloseTo(20 * Math.log10(255 / 4), 4);
  });

  test('is what its definitions say, whatever the pictures', () => {
    fc.assert(
      fc.property(pairs, ({ a, b, side }) => {
        const found = distortion(a, b);
        const differences = Array.from(a, (value, i) => Math.abs(value - b[i]));
        const squares = differences.reduce((sum, difference) => sum + difference ** 2, 0);
        expect(found.linf).toBe(Math.max(...differences));
        expect(found.l2).toBeCloseTo(Math.sqrt(squares), 9);
        if (squares === 0) expect(found.psnr).toBeNull();
        else expect(found.psnr).toBeCloseTo(10 * Math.log10(255 ** 2 / (squares / a.length)), 9);
        expect(found.ssim).toBeCloseTo(definedSsim(a, b, side), 9);
        expect(distortion(b, a).ssim).toBeCloseTo(found.ssim, 12);
      }),
      { numRuns: 40 },
    );
  });

  /**
   * Computed once by scikit-image 0.26.0, whose mean leaves out the windows that reach over the edge:
   *
   *   c, y, x = numpy.mgrid[0:3, 0:64, 0:64]
   *   a = ((x*x + 3*y*y + 40*c*x) >> 5) % 256
   *   b = numpy.clip(a + numpy.where((7*x + 13*y + 5*c) % 11 < 5, 10, -10), 0, 255)
   *   luma = lambda p: numpy.tensordot([.299, .587, .114], p.astype(float), 1)
   *   structural_similarity(luma(a), luma(b), gaussian_weights=True, sigma=1.5, use_sample_covariance=False,
   *                         data_range=255), peak_signal_noise_ratio(a, b, data_range=255)
   */
  test('is that of scikit-image', () => {
    const [a, b] = [new Uint8Array(3 * 64 * 64), new Uint8Array(3 * 64 * 64)];
    for (let i = 0; i < a.length; i++) {
      const [c, y, x] = [Math.floor(i / 4096), Math.floor(i / 64) % 64, i % 64];
      a[i] = ((x * x + 3 * y * y + 40 * c * x) >> 5) % 256;
      b[i] = Math.min(255, Math.max(0, a[i] + ((7 * x + 13 * y + 5 * c) % 11 < 5 ? 10 : -10)));
    }
    const { ssim, psnr } = distortion(a, b);
    expect(ssim).toBeCloseTo(0.9642341000414043, 10);
    expect(psnr).toBeCloseTo(28.24034423040957, 10);
  });

  test('of canvases of different or no sizes is refused', () => {
    expect(() => distortion(clean, clean.subarray(3))).toThrow(RangeError);
    expect(() => distortion([1, 2], [1, 2])).toThrow(RangeError);
  });
});
