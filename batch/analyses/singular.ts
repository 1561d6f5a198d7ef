/**
 * Singular values and vectors of a matrix of few long rows, by way of the products of its rows with each other: G = A
 * A^T has the squares of the values as eigenvalues, and u_k = A^T q_k / s_k are the right singular vectors.
 */

/** Values that are so much smaller than the largest are nothing but rounding. */
const negligible = 1e-6;

/** @param rows All of one length. */
export function singular(rows: readonly ArrayLike<number>[]): { values: number[]; vectors: Float32Array[] } {
  const { values, vectors } = eigen(productsOf(rows));
  const roots = values.map((value) => Math.sqrt(Math.max(0, value)));
  const kept = roots.filter((root) => root > negligible * roots[0]);
  return {
    values: kept,
    vectors: kept.map((root, k) => {
      const vector = new Float64Array(rows[0]?.length ?? 0);
      for (const [i, row] of rows.entries()) {
        const weight = vectors[k][i] / root;
        for (let j = 0; j < vector.length; j++) vector[j] += weight * row[j];
      }
      return Float32Array.from(vector);
    }),
  };
}

/** The singular values alone. */
export const singularValues = (rows: readonly ArrayLike<number>[]): number[] =>
  eigen(productsOf(rows)).values.map((value) => Math.sqrt(Math.max(0, value)));

export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

function productsOf(rows: readonly ArrayLike<number>[]): number[][] {
  const products = rows.map(() => new Array<number>(rows.length).fill(0));
  for (let i = 0; i < rows.length; i++)
    for (let k = 0; k <= i; k++) {
      products[i][k] = dot(rows[i], rows[k]);
      products[k][i] = products[i][k];
    }
  return products;
}

/** Rounds over all pairs, at most; a handful are enough. */
const rounds = 60;

/**
 * Eigenvalues of a symmetric matrix, largest first, and their vectors: C. G. J. Jacobi's rotations (1846), pair by
 * pair.
 */
function eigen(matrix: readonly (readonly number[])[]): { values: number[]; vectors: number[][] } {
  const size = matrix.length;
  const a = matrix.map((row) => [...row]);
  const q = a.map((_, i) => a.map((_, k) => Number(i === k)));
  const scale = Math.max(...a.map((_, i) => Math.abs(a[i][i])), Number.MIN_VALUE);
  for (let round = 0; round < rounds; round++) {
    let largest = 0;
    for (let i = 0; i < size; i++)
      for (let k = i + 1; k < size; k++) {
        largest = Math.max(largest, Math.abs(a[i][k]));
        if (Math.abs(a[i][k]) > 1e-14 * scale) rotate(a, q, i, k);
      }
    if (largest <= 1e-13 * scale) break;
  }
  const order = a.map((_, i) => i).sort((i, k) => a[k][k] - a[i][i]);
  return { values: order.map((i) => a[i][i]), vectors: order.map((i) => q.map((row) => row[i])) };
}

function rotate(a: number[][], q: number[][], i: number, k: number): void {
  const theta = (a[k][k] - a[i][i]) / (2 * a[i][k]);
  const t = (theta >= 0 ? 1 : -1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
  const c = 1 / Math.sqrt(t * t + 1);
  const s = t * c;
  for (const rows of [a, q])
    for (const row of rows) {
      const [x, y] = [row[i], row[k]];
      row[i] = c * x - s * y;
      row[k] = s * x + c * y;
    }
  for (let j = 0; j < a.length; j++) {
    const [x, y] = [a[i][j], a[k][j]];
    a[i][j] = c * x - s * y;
    a[k][j] = s * x + c * y;
  }
}
