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
  /** Structural similarity of the luma, 1 for equal pictures. */
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
 * Mean structural similarity (Wang, Bovik, Sheikh, Simoncelli, "Image quality assessment: from error visibility to
 * structural similarity", IEEE TIP 2004), with that paper's constants, over all uniform 8 x 8 windows (smaller for
 * pictures under 8 pixels). A window that moves on adds a row or column and takes one away, so that each costs the same
 * whatever its size.
 */
function ssim(a: Float64Array, b: Float64Array, size: number): number {
  const window = Math.min(8, size);
  const last = size - window;
  // For each column, sums over the window's rows of a, b, a², b² and ab.
  const columns = new Float64Array(5 * size);
  const addRow = (y: number, sign: 1 | -1) => {
    for (let x = 0, i = y * size, c = 0; x < size; x++, i++, c += 5) {
      const p = a[i];
      const q = b[i];
      columns[c] += sign * p;
      columns[c + 1] += sign * q;
      columns[c + 2] += sign * p * p;
      columns[c + 3] += sign * q * q;
      columns[c + 4] += sign * p * q;
    }
  };
  for (let y = 0; y < window - 1; y++) addRow(y, 1);
  let total = 0;
  for (let y = 0; y <= last; y++) {
    addRow(y + window - 1, 1);
    total += ssimOfRow(columns, size, window);
    addRow(y, -1);
  }
  return total / (last + 1) ** 2;
}

/** The sum over a row of windows, from its column sums. */
function ssimOfRow(columns: Float64Array, size: number, window: number): number {
  const share = 1 / (window * window);
  const c1 = (0.01 * 255) ** 2;
  const c2 = (0.03 * 255) ** 2;
  let sa = 0;
  let sb = 0;
  let saa = 0;
  let sbb = 0;
  let sab = 0;
  let total = 0;
  for (let x = 0, c = 0; x < size; x++, c += 5) {
    sa += columns[c];
    sb += columns[c + 1];
    saa += columns[c + 2];
    sbb += columns[c + 3];
    sab += columns[c + 4];
    if (x < window - 1) continue;
    const ma = sa * share;
    const mb = sb * share;
    const va = saa * share - ma * ma;
    const vb = sbb * share - mb * mb;
    const covariance = sab * share - ma * mb;
    total += ((2 * ma * mb + c1) * (2 * covariance + c2)) / ((ma * ma + mb * mb + c1) * (va + vb + c2));
    const gone = c - 5 * (window - 1);
    sa -= columns[gone];
    sb -= columns[gone + 1];
    saa -= columns[gone + 2];
    sbb -= columns[gone + 3];
    sab -= columns[gone + 4];
  }
  return total;
}
