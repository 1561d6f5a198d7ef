/**
 * Logistic regression with an L2 penalty, of a few thousand rows of some ten thousand features.
 *
 * Minimises 1/2 |w|^2 + C sum_i c_i log(1 + exp(-s_i (w . z_i + b))), z the features standardised over the rows, s = 1
 * for rows that are positive and -1 for others, c_i the weight that makes both classes count alike, times its own:
 * the objective and the names of scikit-learn's LogisticRegression(C, class_weight="balanced"). By Newton's method,
 * whose linear systems conjugate gradients solve without a matrix: R. S. Dembo, S. C. Eisenstat, T. Steihaug, "Inexact
 * Newton methods", SIAM J. Numer. Anal. 1982; C.-J. Lin, R. C. Weng, S. S. Keerthi, "Trust region Newton method for
 * large-scale logistic regression", JMLR 2008. All sums are in double precision and in one order, so that the same rows
 * give the same weights.
 */
import { setImmediate } from 'node:timers/promises';
import { addRows, projectRows, standardise } from './rows.ts';

export interface RegressionTask {
  /** [n, features], of which `rows` are fitted to. */
  data: Float32Array;
  features: number;
  rows: readonly number[];
  /** By index of the data. */
  positive: (row: number) => boolean;
  /** By index of the data: what a row counts beside others of its kind; default 1 each. */
  weight?: (row: number) => number;
  /** Inverse of the penalty's strength; default 10 / features. */
  C?: number;
  /** Ends when the gradient is so many times shorter than where all weights are zero; default 1e-4. */
  tolerance?: number;
  /** Of a regression on nearly the same rows, to start from. */
  start?: Regression;
  signal?: AbortSignal;
}

/** score(x) = weights . x + bias: the logarithm of the odds, for features as they are. */
export interface Regression {
  weights: Float64Array;
  bias: number;
  /** In units of standardised features. */
  standardised: { weights: Float64Array; bias: number };
  /** Of the features, over the rows that it was fitted to. */
  mean: Float64Array;
  /** Of the objective, divided by that where all weights are zero. */
  gradient: number;
  newtonSteps: number;
}

/**
 * C times the number of features, measured on crafting photos (docs/hardening.md). The length of a standardised row
 * grows with that number, and so does what weights of one length can do.
 */
const usualC = 10;
const usualTolerance = 1e-4;
const mostSteps = 60;
const mostConjugate = 200;
/** How well a Newton step is solved for, as a share of the gradient. */
const forcing = 0.1;

/** @throws the signal's reason when it is aborted */
export async function fitRegression(task: RegressionTask): Promise<Regression> {
  const {
    data,
    features,
    rows,
    positive,
    weight = () => 1,
    C = usualC / features,
    tolerance = usualTolerance,
    start,
    signal,
  } = task;
  const scale = standardise(data, features, rows);
  const view = { data, features, rows, scale };
  const n = rows.length;
  const sign = Float64Array.from(rows, (row) => (positive(row) ? 1 : -1));
  const positives = sign.filter((s) => s > 0).length;
  const cost = sign.map((s, i) => (weight(rows[i]) * C * n) / 2 / (s > 0 ? positives : n - positives));

  // Vectors have the bias last.
  const x = new Float64Array(features + 1);
  const first = gradientAt(new Float64Array(n));
  const begin = length(first.vector);
  if (start) {
    x.set(start.standardised.weights);
    x[features] = start.standardised.bias;
  }
  let margins = projectRows(view, x);
  let { vector: g, curvature } = start ? gradientAt(margins) : first;
  let newtonSteps = 0;
  for (; newtonSteps < mostSteps && length(g) > tolerance * begin; newtonSteps++) {
    const step = await newtonStep();
    const along = projectRows(view, step);
    const rate = stepSize(step, along);
    for (let j = 0; j <= features; j++) x[j] += rate * step[j];
    margins = margins.map((margin, i) => margin + rate * along[i]);
    ({ vector: g, curvature } = gradientAt(margins));
  }
  const weights = x.slice(0, features).map((w, j) => w * scale.inverse[j]);
  const bias = x[features] - weights.reduce((sum, w, j) => sum + w * scale.mean[j], 0);
  const standardised = { weights: x.slice(0, features), bias: x[features] };
  return { weights, bias, standardised, mean: scale.mean, gradient: length(g) / begin, newtonSteps };

  /** The gradient at x, whose margins w . z + b are given, and the second derivative of the loss of each row. */
  function gradientAt(at: Float64Array) {
    const curvature = new Float64Array(n);
    const pull = at.map((margin, i) => {
      const miss = 1 / (1 + Math.exp(sign[i] * margin));
      curvature[i] = cost[i] * miss * (1 - miss);
      return -cost[i] * sign[i] * miss;
    });
    const vector = addRows(view, pull);
    for (let j = 0; j < features; j++) vector[j] += x[j];
    return { vector, curvature };
  }

  /** The direction d of H d = -g, by conjugate gradients with the diagonal of H for the bias as preconditioner. */
  async function newtonStep(): Promise<Float64Array> {
    const step = new Float64Array(features + 1);
    const rest = g.map((value) => -value);
    const biasScale = Math.max(
      curvature.reduce((sum, value) => sum + value, 0),
      1e-12,
    );
    const eased = () => rest.map((value, j) => (j === features ? value / biasScale : value));
    let z = eased();
    let direction = z.slice();
    let energy = dot(rest, z);
    const enough = forcing * length(g);
    for (let i = 0; i < mostConjugate && length(rest) > enough; i++) {
      // Each product takes a tenth of a second: Ctrl-C is heard in between.
      await setImmediate();
      signal?.throwIfAborted();
      const curved = addRows(
        view,
        projectRows(view, direction).map((value, row) => value * curvature[row]),
      );
      for (let j = 0; j < features; j++) curved[j] += direction[j];
      const rate = energy / dot(direction, curved);
      for (let j = 0; j <= features; j++) {
        step[j] += rate * direction[j];
        rest[j] -= rate * curved[j];
      }
      z = eased();
      const next = dot(rest, z);
      const keep = next / energy;
      direction = direction.map((value, j) => z[j] + keep * value);
      energy = next;
    }
    return step;
  }

  /** The largest of 1, 1/2, 1/4, … at which the objective falls as it should (Armijo). */
  function stepSize(step: Float64Array, along: Float64Array): number {
    const slope = dot(g, step);
    const now = objective(0);
    let rate = 1;
    while (rate > 2 ** -20 && objective(rate) > now + 1e-4 * rate * slope) rate /= 2;
    return rate;

    function objective(at: number): number {
      let sum = 0;
      for (let j = 0; j < features; j++) sum += (x[j] + at * step[j]) ** 2 / 2;
      for (let i = 0; i < n; i++) sum += cost[i] * softplus(-sign[i] * (margins[i] + at * along[i]));
      return sum;
    }
  }
}

/** log(1 + exp(x)) without overflow. */
const softplus = (x: number) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

const length = (a: Float64Array) => Math.sqrt(dot(a, a));
