/** The input samples that make one output sample, and their weights, which sum to 1. */
export interface Contribution {
  first: number;
  weights: Float64Array;
}

/**
 * How output samples are made when one axis is resized from `from` to `to` samples; of them `count`, from `start` on:
 * the triangle filter with half-pixel centres, widened by the factor of reduction so that it averages (antialiases), as
 * Pillow's `Image.resize(…, BILINEAR)` and torch's `interpolate(…, antialias=True)` do. When enlarging it is plain
 * bilinear interpolation with edge pixels repeated. Only + - * / and floor, which every engine rounds alike.
 */
export function contributions(from: number, to: number, start = 0, count = to): Contribution[] {
  const scale = from / to;
  const support = Math.max(scale, 1);
  return Array.from({ length: count }, (_, i) => {
    const centre = (start + i + 0.5) * scale;
    const first = Math.max(0, Math.floor(centre - support + 0.5));
    const last = Math.min(from, Math.floor(centre + support + 0.5));
    const weights = new Float64Array(last - first);
    let total = 0;
    for (let k = 0; k < weights.length; k++) {
      const distance = (first + k - centre + 0.5) / support;
      weights[k] = Math.max(0, 1 - (distance < 0 ? -distance : distance));
      total += weights[k];
    }
    for (let k = 0; k < weights.length; k++) weights[k] /= total;
    return { first, weights };
  });
}

/** The same as a matrix [to, from] of rows, for resizing one axis by a matrix product inside a graph. */
export function interpolationMatrix(from: number, to: number): Float32Array<ArrayBuffer> {
  const matrix = new Float32Array(to * from);
  for (const [i, { first, weights }] of contributions(from, to).entries()) matrix.set(weights, i * from + first);
  return matrix;
}
