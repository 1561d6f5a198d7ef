// Products with a matrix of standardised features that is never written down: the rows are float32 as they were
// measured, and mean and scale are applied to the vectors.

export interface Scale {
  mean: Float64Array;
  /** 1 / standard deviation; 0 for a feature that does not vary, which then has no say. */
  inverse: Float64Array;
}

export interface Rows {
  data: Float32Array;
  features: number;
  /** Which rows of the data. */
  rows: readonly number[];
  scale: Scale;
}

/** Below this a feature is the same everywhere, up to rounding. */
const leastDeviation = 1e-6;

/** Mean and standard deviation of each feature over rows. */
export function standardise(data: Float32Array, features: number, rows: readonly number[]): Scale {
  const mean = new Float64Array(features);
  for (const row of rows) {
    const at = row * features;
    for (let j = 0; j < features; j++) mean[j] += data[at + j];
  }
  for (let j = 0; j < features; j++) mean[j] /= rows.length;
  const squares = new Float64Array(features);
  for (const row of rows) {
    const at = row * features;
    for (let j = 0; j < features; j++) squares[j] += (data[at + j] - mean[j]) ** 2;
  }
  const inverse = squares.map((sum) => {
    const deviation = Math.sqrt(sum / rows.length);
    return deviation > leastDeviation ? 1 / deviation : 0;
  });
  return { mean, inverse };
}

/** w . z + b for every row; the bias is the last of the vector. */
export function projectRows({ data, features, rows, scale }: Rows, vector: Float64Array): Float64Array {
  const { weights, bias } = unstandardised(vector, features, scale);
  return Float64Array.from(rows, (row) => bias + product(data, row * features, weights));
}

/** sum_i a_i z_i, and the sum of all a_i last. */
export function addRows({ data, features, rows, scale }: Rows, a: Float64Array): Float64Array {
  const sum = new Float64Array(features + 1);
  let total = 0;
  for (let i = 0; i < rows.length; i++) {
    const [at, share] = [rows[i] * features, a[i]];
    total += share;
    for (let j = 0; j < features; j++) sum[j] += share * data[at + j];
  }
  for (let j = 0; j < features; j++) sum[j] = (sum[j] - total * scale.mean[j]) * scale.inverse[j];
  sum[features] = total;
  return sum;
}

function unstandardised(vector: Float64Array, features: number, { mean, inverse }: Scale) {
  const weights = new Float64Array(features);
  let bias = vector[features];
  for (let j = 0; j < features; j++) {
    weights[j] = vector[j] * inverse[j];
    bias -= weights[j] * mean[j];
  }
  return { weights, bias };
}

/** weights . row, in four sums that a processor keeps apart. */
export function product(data: Float32Array, at: number, weights: Float64Array): number {
  const { length } = weights;
  const even = length - (length % 4);
  let [a, b, c, d] = [0, 0, 0, 0];
  for (let j = 0; j < even; j += 4) {
    a += weights[j] * data[at + j];
    b += weights[j + 1] * data[at + j + 1];
    c += weights[j + 2] * data[at + j + 2];
    d += weights[j + 3] * data[at + j + 3];
  }
  for (let j = even; j < length; j++) a += weights[j] * data[at + j];
  return a + b + (c + d);
}
