import { l2Norm, linfNorm } from './perturb.ts';

export interface Distortion {
  /** Largest difference of a pixel, 0..255. */
  linf: number;
  /** Euclidean length of the difference, 0..255 units. */
  l2: number;
  /** Peak signal-to-noise ratio in decibels; null where nothing differs (it would be infinite, which JSON has no word for). */
  psnr: number | null;
  /** Structural similarity of the luma, 1 for equal pictures. */
  ssim: number;
}

/** How far a perturbed canvas is from the clean one; both [3,S,S] in 0..255. @throws RangeError when they are not. */
export function distortion(clean: ArrayLike<number>, perturbed: ArrayLike<number>): Distortion {
  const size = Math.round(Math.sqrt(clean.length / 3));
  if (size < 1 || 3 * size * size !== clean.length || perturbed.length !== clean.length) {
    throw new RangeError(`Canvases of ${clean.length} and ${perturbed.length} values are not two of [3,S,S].`);
  }
  const difference = new Float64Array(clean.length);
  for (let i = 0; i < difference.length; i++) difference[i] = perturbed[i] - clean[i];
  const l2 = l2Norm(difference);
  return {
    linf: linfNorm(difference),
    l2,
    psnr: l2 === 0 ? null : 20 * Math.log10((255 * Math.sqrt(clean.length)) / l2),
    ssim: ssim(luma(clean), luma(perturbed), size),
  };
}

/** Rec. 601 luma [S*S] of RGB planes. */
function luma(planes: ArrayLike<number>): Float64Array {
  const plane = planes.length / 3;
  const result = new Float64Array(plane);
  for (let i = 0; i < plane; i++)
    result[i] = 0.299 * planes[i] + 0.587 * planes[plane + i] + 0.114 * planes[2 * plane + i];
  return result;
}

/**
 * Mean structural similarity (Wang, Bovik, Sheikh, Simoncelli, "Image quality assessment: from error visibility to structural similarity", IEEE TIP 2004),
 * with that paper's constants, over all uniform 8 x 8 windows (smaller for pictures under 8 pixels), from running sums.
 */
function ssim(a: Float64Array, b: Float64Array, size: number): number {
  const window = Math.min(8, size);
  const count = window * window;
  const c1 = (0.01 * 255) ** 2;
  const c2 = (0.03 * 255) ** 2;
  const product = (x: Float64Array, y: Float64Array) => x.map((value, i) => value * y[i]);
  const [sa, sb, saa, sbb, sab] = [a, b, product(a, a), product(b, b), product(a, b)].map((values) =>
    integral(values, size),
  );
  let total = 0;
  const last = size - window;
  for (let y = 0; y <= last; y++) {
    for (let x = 0; x <= last; x++) {
      const mean = (sums: Float64Array) => windowSum(sums, size, x, y, window) / count;
      const ma = mean(sa);
      const mb = mean(sb);
      const va = mean(saa) - ma * ma;
      const vb = mean(sbb) - mb * mb;
      const covariance = mean(sab) - ma * mb;
      total += ((2 * ma * mb + c1) * (2 * covariance + c2)) / ((ma * ma + mb * mb + c1) * (va + vb + c2));
    }
  }
  return total / (last + 1) ** 2;
}

/** Sums over the rectangle from the origin, one row and column of zeros first. */
function integral(values: Float64Array, size: number): Float64Array {
  const sums = new Float64Array((size + 1) ** 2);
  for (let y = 0; y < size; y++) {
    let row = 0;
    for (let x = 0; x < size; x++) {
      row += values[y * size + x];
      sums[(y + 1) * (size + 1) + x + 1] = sums[y * (size + 1) + x + 1] + row;
    }
  }
  return sums;
}

function windowSum(sums: Float64Array, size: number, x: number, y: number, window: number): number {
  const stride = size + 1;
  const top = y * stride + x;
  const bottom = top + window * stride;
  return sums[bottom + window] - sums[bottom] - sums[top + window] + sums[top];
}
