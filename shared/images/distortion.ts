import { luma } from './luma.ts';

export interface Distortion {
  /** Largest difference of a pixel, 0..255. */
  linf: number;
  /** Euclidean length of the difference, 0..255 units. */
  l2: number;
  /**
   * Peak signal-to-noise ratio in decibels; null where nothing differs (it would be infinite, which JSON has no word
   * for).
   */
  psnr: number | null;
  /** Structural similarity of the luma, 1 for equal pictures: Gaussian window of 11 x 11 pixels, sigma 1.5. */
  ssim: number;
}

/** How far a perturbed canvas is from the clean one; both [3,S,S] in 0..255. @throws RangeError when they are not. */
export function distortion(clean: ArrayLike<number>, perturbed: ArrayLike<number>): Distortion {
  const size = Math.round(Math.sqrt(clean.length / 3));
  if (size < 1 || 3 * size * size !== clean.length || perturbed.length !== clean.length) {
    throw new RangeError(`Canvases of ${clean.length} and ${perturbed.length} values are not two of [3,S,S].`);
  }
  let linf = 0;
  let squares = 0;
  for (let i = 0; i < clean.length; i++) {
    const difference = Math.abs(perturbed[i] - clean[i]);
    if (difference > linf) linf = difference;
    squares += difference * difference;
  }
  const l2 = Math.sqrt(squares);
  return {
    linf,
    l2,
    psnr: l2 === 0 ? null : 20 * Math.log10((255 * Math.sqrt(clean.length)) / l2),
    ssim: ssim(clean, perturbed, size),
  };
}

/** The window of Wang et al. 2004: standard deviation and side in pixels. */
const sigma = 1.5;
const side = 11;

/** The taps of the window along one axis, which sum to 1; fewer for pictures that it does not fit into. */
function gaussian(size: number): Float64Array {
  const taps = Float64Array.from({ length: Math.min(side, size) }, (_, i) => {
    const distance = i - (Math.min(side, size) - 1) / 2;
    return Math.exp(-(distance * distance) / (2 * sigma * sigma));
  });
  const total = taps.reduce((sum, tap) => sum + tap, 0);
  return taps.map((tap) => tap / total);
}

/**
 * Mean structural similarity (Z. Wang, A. C. Bovik, H. R. Sheikh, E. P. Simoncelli, "Image quality assessment: from
 * error visibility to structural similarity", IEEE TIP 13, 2004) with that paper's window, a Gaussian of 11 x 11 pixels
 * and sigma 1.5, and its constants K1 = 0.01, K2 = 0.03, L = 255; over all windows that lie within the picture.
 *
 * The formula knows the two variances only as their sum, so four weighted means are enough: of a, of b, of a² + b², of
 * ab. The four lie side by side, so that one loop blurs them all: down first, to a line as wide as the picture, then
 * along that line.
 *
 * @param clean [3,size,size]
 */
function ssim(clean: ArrayLike<number>, perturbed: ArrayLike<number>, size: number): number {
  const taps = gaussian(size);
  const windows = size - taps.length + 1;
  const terms = termsOf(clean, perturbed);
  const line = new Float64Array(4 * size);
  const means = new Float64Array(4 * windows);
  const c1 = (0.01 * 255) ** 2;
  const c2 = (0.03 * 255) ** 2;
  let total = 0;
  for (let y = 0; y < windows; y++) {
    blur(terms, 4 * y * size, 4 * size, taps, line);
    blur(line, 0, 4, taps, means);
    for (let i = 0; i < means.length; i += 4) {
      const both = means[i] * means[i + 1];
      const squares = means[i] * means[i] + means[i + 1] * means[i + 1];
      const covariance = means[i + 3] - both;
      total += ((2 * both + c1) * (2 * covariance + c2)) / ((squares + c1) * (means[i + 2] - squares + c2));
    }
  }
  return total / windows ** 2;
}

/** a, b, a² + b², ab of every pixel: [S*S,4], of the Rec. 601 luma of RGB planes. */
function termsOf(clean: ArrayLike<number>, perturbed: ArrayLike<number>): Float64Array {
  const plane = clean.length / 3;
  const terms = new Float64Array(4 * plane);
  const [red, green, blue] = luma;
  for (let i = 0, at = 0; i < plane; i++, at += 4) {
    const a = red * clean[i] + green * clean[plane + i] + blue * clean[2 * plane + i];
    const b = red * perturbed[i] + green * perturbed[plane + i] + blue * perturbed[2 * plane + i];
    terms[at] = a;
    terms[at + 1] = b;
    terms[at + 2] = a * a + b * b;
    terms[at + 3] = a * b;
  }
  return terms;
}

/** out[i] = the weighted sum of from[start + i], from[start + i + step] and so on. Equal taps at both ends are one. */
function blur(from: Float64Array, start: number, step: number, taps: Float64Array, out: Float64Array): void {
  const last = taps.length - 1;
  out.fill(0);
  for (let k = 0; 2 * k <= last; k++) {
    const near = start + k * step;
    const far = start + (last - k) * step;
    // The tap in the middle has no other end.
    const tap = near === far ? taps[k] / 2 : taps[k];
    for (let i = 0; i < out.length; i++) out[i] += tap * (from[near + i] + from[far + i]);
  }
}
