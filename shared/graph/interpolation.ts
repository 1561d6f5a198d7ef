/**
 * Rows of weights that resize one axis from `from` to `to` samples: output i = sum over j of matrix[i * from + j] * input[j].
 *
 * The triangle filter with half-pixel centres, widened by the factor of reduction so that it averages (antialiases), as Pillow's
 * `Image.resize(..., BILINEAR)` and torch's `interpolate(..., antialias=True)` do. When enlarging it is plain bilinear interpolation
 * with edge pixels repeated. Every row sums to 1.
 */
export function interpolationMatrix(from: number, to: number): Float32Array {
  const matrix = new Float32Array(to * from);
  const scale = from / to;
  const support = Math.max(scale, 1);
  for (let i = 0; i < to; i++) {
    const centre = (i + 0.5) * scale;
    const first = Math.max(0, Math.floor(centre - support + 0.5));
    const last = Math.min(from, Math.floor(centre + support + 0.5));
    const weights: number[] = [];
    for (let j = first; j < last; j++) weights.push(Math.max(0, 1 - Math.abs((j - centre + 0.5) / support)));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    for (const [k, weight] of weights.entries()) matrix[i * from + first + k] = weight / total;
  }
  return matrix;
}
