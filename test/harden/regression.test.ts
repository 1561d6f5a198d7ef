import { expect, test } from 'vitest';
import { random } from '#shared/synthetic';
import { fitRegression } from '../../batch/harden/regression.ts';

/** Two clouds of normal rows, apart along `direction`; of every three rows one is positive. */
function clouds(rows: number, direction: number[], { scales = direction.map(() => 1), seed = 1 } = {}) {
  const draw = random(seed, 'clouds');
  const features = direction.length;
  const data = new Float32Array(rows * features);
  for (let row = 0; row < rows; row++)
    for (let j = 0; j < features; j++)
      data[row * features + j] = 7 + scales[j] * (draw.normal() + (row % 3 === 0 ? direction[j] : 0));
  return {
    data,
    features,
    rows: Array.from({ length: rows }, (_, row) => row),
    positive: (row: number) => row % 3 === 0,
  };
}

/** What is minimised, written down once more: over standardised features, both classes of the same weight. */
function objective({ data, features, rows, positive }: ReturnType<typeof clouds>, C: number) {
  const column = (j: number) => rows.map((row) => data[row * features + j]);
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const standard = Array.from({ length: features }, (_, j) => {
    const values = column(j);
    const centre = mean(values);
    return { centre, deviation: Math.sqrt(mean(values.map((value) => (value - centre) ** 2))) };
  });
  const positives = rows.filter(positive).length;
  return (weights: ArrayLike<number>, bias: number) => {
    let sum = 0;
    for (let j = 0; j < features; j++) sum += weights[j] ** 2 / 2;
    for (const row of rows) {
      let score = bias;
      for (const [j, { centre, deviation }] of standard.entries())
        score += (weights[j] * (data[row * features + j] - centre)) / deviation;
      const count = positive(row) ? positives : rows.length - positives;
      sum += ((C * rows.length) / 2 / count) * Math.log1p(Math.exp(positive(row) ? -score : score));
    }
    return sum;
  };
}

test.each([
  ['more rows than features', 150, 5],
  ['more features than rows', 24, 60],
])('with %s, the gradient of the objective is zero at the result', async (_what, rows, features) => {
  const direction = Array.from({ length: features }, (_, j) => (j % 4 === 0 ? 0.7 : 0));
  const set = clouds(rows, direction, { scales: direction.map((_, j) => 10 ** ((j % 5) - 2)) });
  const { standardised } = await fitRegression({ ...set, C: 0.05, tolerance: 1e-9 });
  const at = objective(set, 0.05);
  const step = 1e-4;
  const slopes = Array.from({ length: features }, (_, j) => {
    const moved = (by: number) => standardised.weights.map((w, i) => (i === j ? w + by : w));
    return (at(moved(step), standardised.bias) - at(moved(-step), standardised.bias)) / (2 * step);
  });
  slopes.push(
    (at(standardised.weights, standardised.bias + step) - at(standardised.weights, standardised.bias - step)) /
      (2 * step),
  );
  for (const slope of slopes) expect(Math.abs(slope)).toBeLessThan(1e-6);
  // And it is far from zero where all weights are.
  expect(at(standardised.weights, standardised.bias)).toBeLessThan(
    at(
      standardised.weights.map(() => 0),
      0,
    ) * 0.95,
  );
});

test('of one feature that is its own label, the weight solves w = C n / (1 + exp(w))', async () => {
  const rows = Array.from({ length: 40 }, (_, row) => row);
  const data = Float32Array.from(rows, (row) => (row % 2 ? 3 : -3));
  const { standardised, weights, bias } = await fitRegression({
    ...{ data, features: 1, rows, positive: (row) => row % 2 === 1, C: 0.1, tolerance: 1e-12 },
  });
  const [w] = standardised.weights;
  expect(w).toBeCloseTo((0.1 * 40) / (1 + Math.exp(w)), 10);
  expect(weights[0]).toBeCloseTo(w / 3, 12);
  expect(bias).toBeCloseTo(0, 10);
});

test('finds the direction that clouds are apart along, whatever the units of the features', async () => {
  const direction = [0.9, -0.6, 0, 0.3, 0, 0, 0, 0];
  const scales = [1, 1000, 1, 1e-3, 1, 1, 1, 1];
  const { standardised } = await fitRegression({ ...clouds(3000, direction, { scales }) });
  const cosine =
    direction.reduce((sum, d, j) => sum + d * standardised.weights[j], 0) /
    Math.hypot(...direction) /
    Math.hypot(...standardised.weights);
  expect(cosine).toBeGreaterThan(0.98);
});

test('rows that are left out have no say, nor have features that never vary', async () => {
  const set = clouds(90, [1, 0, 0]);
  const half = set.rows.filter((row) => row < 60);
  const without = await fitRegression({ ...set, rows: half });
  const spoilt = set.data.map((value, i) => (i >= 60 * 3 ? 1e6 : value));
  expect(await fitRegression({ ...set, data: spoilt, rows: half })).toEqual(without);
  const still = set.data.map((value, i) => (i % 3 === 2 ? 5 : value));
  expect((await fitRegression({ ...set, data: still })).weights[2]).toBe(0);
});

test('a row of weight 2 counts as the same row twice', async () => {
  const set = clouds(60, [0.8, 0, -0.4]);
  const twice = set.rows.flatMap((row) => [row, row]);
  const doubled = await fitRegression({ ...set, C: 0.1, rows: twice, tolerance: 1e-9 });
  const weighted = await fitRegression({ ...set, C: 0.1, weight: () => 2, tolerance: 1e-9 });
  for (const [j, w] of doubled.weights.entries()) expect(weighted.weights[j]).toBeCloseTo(w, 6);
  // A row that counts for nothing may lie anywhere on the other side.
  const flipped = { ...set, positive: (row: number) => (row === 0 ? !set.positive(0) : set.positive(row)) };
  const weight = (row: number) => (row === 0 ? 0 : 1);
  const [one, other] = [await fitRegression({ ...set, weight }), await fitRegression({ ...flipped, weight })];
  const cosine = (a: Float64Array, b: Float64Array) =>
    a.reduce((sum, value, j) => sum + value * b[j], 0) / Math.hypot(...a) / Math.hypot(...b);
  expect(cosine(one.weights, other.weights)).toBeGreaterThan(0.999);
});

test('comes to the same from another start', async () => {
  const set = clouds(120, [0.5, 0.5, 0, 0]);
  const cold = await fitRegression({ ...set, tolerance: 1e-9 });
  const start = await fitRegression({ ...set, rows: set.rows.slice(0, 80) });
  const warm = await fitRegression({ ...set, tolerance: 1e-9, start });
  for (const [j, w] of cold.weights.entries()) expect(warm.weights[j]).toBeCloseTo(w, 7);
});
