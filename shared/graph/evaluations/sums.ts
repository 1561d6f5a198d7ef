// Sums of many elements: reductions, matrix products, normalisations, in double precision.

import type { Budget } from '../budget.ts';
import { attribute, type Node } from '../model.ts';
import {
  broadcastTo,
  convert,
  doubles,
  extentOf,
  int64s,
  listOf,
  sizeOf,
  stridesOf,
  type Tensor,
  transpose,
} from '../tensor.ts';
import { axesOf, broadcastShape, type Evaluation, positiveAxis } from './types.ts';

interface Reduction {
  start: number;
  apply(sum: number, value: number): number;
  finish?(sum: number, count: number): number;
}

const reduce =
  ({ start, apply, finish }: Reduction): Evaluation =>
  (node, [x, axesInput], budget) => {
    if (!x) return undefined;
    const listed = axesOf(node, axesInput);
    if (!listed?.length && attribute(node, 'noop_with_empty_axes', 0)) return x;
    const axes = (listed?.length ? listed : x.shape.map((_, i) => i)).map((axis) => positiveAxis(axis, x.shape.length));
    const kept = x.shape.map((dim, axis) => (axes.includes(axis) ? 1 : dim));
    budget.hold(kept, extentOf(x.shape));
    const values = collapse(x, axes, start, apply);
    const count = x.data.length / Math.max(1, values.length);
    if (finish) for (let i = 0; i < values.length; i++) values[i] = finish(values[i], count);
    const shape = attribute(node, 'keepdims', 1) ? kept : kept.filter((_, axis) => !axes.includes(axis));
    return convert({ type: 'float64', shape, data: values }, x.type);
  };

/** Folds the elements along `axes` into one each, in order. */
function collapse(x: Tensor, axes: number[], start: number, apply: Reduction['apply']): Float64Array {
  // Neighbouring axes that are both kept, or both folded, are one; axes of size 1 are none. Weights then have two or
  // three.
  const runs: { size: number; folded: boolean }[] = [];
  for (const [axis, size] of x.shape.entries()) {
    const folded = axes.includes(axis);
    const last = runs.at(-1);
    if (size === 1) continue;
    if (last?.folded === folded) last.size *= size;
    else runs.push({ size, folded });
  }
  const kept = runs.map(({ size, folded }) => (folded ? 1 : size));
  const strides = stridesOf(kept).map((stride, i) => (runs[i].folded ? 0 : stride));
  const values = new Float64Array(sizeOf(kept)).fill(start);
  const length = runs.at(-1)?.size ?? 1;
  const step = strides.at(-1) ?? 0;
  const index = runs.map(() => 0);
  let row = 0;
  for (let i = 0; i < x.data.length; i += length) {
    for (let j = 0, target = row; j < length; j++, target += step)
      values[target] = apply(values[target], Number(x.data[i + j]));
    for (let axis = runs.length - 2; axis >= 0; axis--) {
      row += strides[axis];
      if (++index[axis] < runs[axis].size) break;
      row -= strides[axis] * runs[axis].size;
      index[axis] = 0;
    }
  }
  return values;
}

const extremePosition =
  (better: (value: number, best: number) => boolean): Evaluation =>
  (node, [x], budget) => {
    if (!x || attribute(node, 'select_last_index', 0)) return undefined;
    const axis = positiveAxis(attribute(node, 'axis', 0), x.shape.length);
    budget.hold(x.shape.with(axis, 1), 4 * extentOf(x.shape));
    const [size, inner] = [x.shape[axis], sizeOf(x.shape.slice(axis + 1))];
    const found = new Float64Array(size > 0 ? x.data.length / size : 0).map((_, i) => {
      const at = (j: number) => Number(x.data[(Math.floor(i / inner) * size + j) * inner + (i % inner)]);
      let best = 0;
      for (let j = 1; j < size; j++) if (better(at(j), at(best))) best = j;
      return best;
    });
    return int64s(found, attribute(node, 'keepdims', 1) ? x.shape.with(axis, 1) : x.shape.filter((_, i) => i !== axis));
  };

const matMul: Evaluation = (_, [a, b], budget) => (a && b ? multiply(a, b, budget) : undefined);

function multiply(a: Tensor, b: Tensor, budget: Budget): Tensor | undefined {
  const left = a.shape.length === 1 ? [1, ...a.shape] : a.shape;
  const right = b.shape.length === 1 ? [...b.shape, 1] : b.shape;
  const [rows, inner] = left.slice(-2);
  const columns = right[right.length - 1];
  const batch = broadcastShape(left.slice(0, -2), right.slice(0, -2));
  if (!batch || right[right.length - 2] !== inner) return undefined;
  budget.hold([...batch, rows, columns], extentOf([...batch, rows, columns, inner]));
  // What is broadcast along the batch is written out first.
  if (sizeOf(batch) > 1)
    for (const matrix of [
      [rows, inner],
      [inner, columns],
    ])
      budget.hold([...batch, ...matrix]);
  const x = broadcastTo({ type: a.type, data: a.data, shape: left }, [...batch, rows, inner]).data;
  const y = broadcastTo({ type: b.type, data: b.data, shape: right }, [...batch, inner, columns]).data;
  const values = new Float64Array(sizeOf(batch) * rows * columns);
  for (let n = 0; n < sizeOf(batch); n++)
    for (let i = 0; i < rows; i++)
      for (let k = 0; k < inner; k++) {
        const factor = Number(x[(n * rows + i) * inner + k]);
        for (let j = 0; j < columns; j++)
          values[(n * rows + i) * columns + j] += factor * Number(y[(n * inner + k) * columns + j]);
      }
  const shape = [...batch, ...(a.shape.length === 1 ? [] : [rows]), ...(b.shape.length === 1 ? [] : [columns])];
  return convert({ type: 'float64', shape, data: values }, a.type);
}

const gemm: Evaluation = (node, [a, b, c], budget) => {
  if (!a || !b) return undefined;
  for (const factor of [a, b]) budget.hold(factor.shape);
  const turned = (tensor: Tensor, name: string) => (attribute(node, name, 0) ? transpose(tensor, [1, 0]) : tensor);
  const product = multiply(turned(a, 'transA'), turned(b, 'transB'), budget);
  if (!product) return undefined;
  const addend = c && broadcastTo(c, product.shape).data;
  const [alpha, beta] = [attribute(node, 'alpha', 1), attribute(node, 'beta', 1)];
  const data = new Float64Array(product.data.length);
  for (let i = 0; i < data.length; i++)
    data[i] = alpha * Number(product.data[i]) + (addend ? beta * Number(addend[i]) : 0);
  return convert({ type: 'float64', shape: product.shape, data }, a.type);
};

/** Steps that a normalisation or a softmax takes for every element, in a few passes. */
const normalising = 16;

/** (x - mean) / sqrt(variance + epsilon) over `axes`, and both statistics. */
function whitened(x: Tensor, axes: number[], epsilon: number) {
  const count = axes.reduce((product, axis) => product * x.shape[axis], 1);
  const kept = x.shape.map((dim, axis) => (axes.includes(axis) ? 1 : dim));
  const wide = (data: Float64Array) =>
    broadcastTo({ type: 'float64', shape: kept, data }, x.shape).data as Float64Array;
  const mean = collapse(x, axes, 0, (sum, value) => sum + value).map((sum) => sum / count);
  const means = wide(mean);
  const values = new Float64Array(x.data.length);
  for (let i = 0; i < values.length; i++) values[i] = Number(x.data[i]) - means[i];
  const centred: Tensor = { type: 'float64', shape: x.shape, data: values };
  const variance = collapse(centred, axes, 0, (sum, value) => sum + value * value).map((sum) => sum / count);
  const deviations = wide(variance.map((value) => Math.sqrt(value + epsilon)));
  for (let i = 0; i < values.length; i++) values[i] /= deviations[i];
  return { values, mean, variance };
}

/** values * scale + shift, where scale and shift have the given shape against x. */
function affine(values: Float64Array, x: Tensor, scale: Tensor, shift: Tensor | undefined, shape: number[]): Tensor {
  const wide = (tensor: Tensor) => broadcastTo({ type: tensor.type, data: tensor.data, shape }, x.shape).data;
  const [factors, addends] = [wide(scale), shift && wide(shift)];
  for (let i = 0; i < values.length; i++) values[i] = values[i] * Number(factors[i]) + Number(addends?.[i] ?? 0);
  return convert({ type: 'float64', shape: x.shape, data: values }, x.type);
}

const perChannel = (x: Tensor) => x.shape.map((dim, axis) => (axis === 1 ? dim : 1));

/** Weight standardisation is exported as a batch or instance normalisation of the weights. */
const batchNormalization: Evaluation = (node, [x, scale, shift, mean, variance], budget) => {
  if (!x || !scale || !shift || !mean || !variance) return undefined;
  budget.hold(x.shape, normalising * extentOf(x.shape));
  const epsilon = attribute(node, 'epsilon', 1e-5);
  if (attribute(node, 'training_mode', 0)) {
    const axes = x.shape.flatMap((_, axis) => (axis === 1 ? [] : [axis]));
    const normal = whitened(x, axes, epsilon);
    const result = affine(normal.values, x, scale, shift, perChannel(x));
    const momentum = attribute(node, 'momentum', 0.9);
    const running = (old: Tensor, now: Float64Array) =>
      convert(
        {
          type: 'float64',
          shape: old.shape,
          data: now.map((value, i) => momentum * Number(old.data[i]) + (1 - momentum) * value),
        },
        old.type,
      );
    return [result, running(mean, normal.mean), running(variance, normal.variance)].slice(0, node.outputs.length);
  }
  const wide = (tensor: Tensor) =>
    broadcastTo({ type: tensor.type, data: tensor.data, shape: perChannel(x) }, x.shape).data;
  const [means, variances] = [wide(mean), wide(variance)];
  const values = new Float64Array(x.data.length);
  for (let i = 0; i < values.length; i++)
    values[i] = (Number(x.data[i]) - Number(means[i])) / Math.sqrt(Number(variances[i]) + epsilon);
  return affine(values, x, scale, shift, perChannel(x));
};

const instanceNormalization: Evaluation = (node, [x, scale, shift], budget) => {
  if (!x || !scale || !shift) return undefined;
  budget.hold(x.shape, normalising * extentOf(x.shape));
  const axes = x.shape.map((_, axis) => axis).slice(2);
  return affine(whitened(x, axes, attribute(node, 'epsilon', 1e-5)).values, x, scale, shift, perChannel(x));
};

const layerNormalization: Evaluation = (node, [x, scale, shift], budget) => {
  if (!x || !scale || node.outputs.length > 1) return undefined;
  budget.hold(x.shape, normalising * extentOf(x.shape));
  const axis = positiveAxis(attribute(node, 'axis', -1), x.shape.length);
  const axes = x.shape.map((_, i) => i).slice(axis);
  const normal = whitened(x, axes, attribute(node, 'epsilon', 1e-5)).values;
  const shape = [...x.shape.slice(0, axis).map(() => 1), ...x.shape.slice(axis)];
  return affine(normal, x, scale, shift, shape);
};

const softmax = (
  node: Node,
  x: Tensor | undefined,
  budget: Budget,
  finish: (weight: number, total: number) => number,
) => {
  if (!x) return undefined;
  budget.hold(x.shape, normalising * extentOf(x.shape));
  const axis = positiveAxis(attribute(node, 'axis', -1), x.shape.length);
  const kept = x.shape.with(axis, 1);
  const wide = (data: Float64Array) => broadcastTo({ type: 'float64', shape: kept, data }, x.shape).data;
  const top = wide(collapse(x, [axis], Number.NEGATIVE_INFINITY, Math.max));
  const shifted = doubles(x).map((value, i) => value - Number(top[i]));
  const total = wide(
    collapse({ type: 'float64', shape: x.shape, data: shifted }, [axis], 0, (sum, value) => sum + Math.exp(value)),
  );
  return convert(
    { type: 'float64', shape: x.shape, data: shifted.map((value, i) => finish(value, Number(total[i]))) },
    x.type,
  );
};

const cumSum: Evaluation = (node, [x, axisInput], budget) => {
  if (!x || !axisInput || attribute(node, 'exclusive', 0) || attribute(node, 'reverse', 0)) return undefined;
  budget.hold(x.shape);
  const axis = positiveAxis(listOf(axisInput)[0], x.shape.length);
  const inner = sizeOf(x.shape.slice(axis + 1));
  const values = doubles(x);
  for (let i = 0; i < values.length; i++) if (Math.floor(i / inner) % x.shape[axis] > 0) values[i] += values[i - inner];
  return convert({ type: 'float64', shape: x.shape, data: values }, x.type);
};

export const sums: Record<string, Evaluation> = {
  ReduceSum: reduce({ start: 0, apply: (a, b) => a + b }),
  ReduceMean: reduce({ start: 0, apply: (a, b) => a + b, finish: (sum, count) => sum / count }),
  ReduceProd: reduce({ start: 1, apply: (a, b) => a * b }),
  ReduceMax: reduce({ start: Number.NEGATIVE_INFINITY, apply: Math.max }),
  ReduceMin: reduce({ start: Number.POSITIVE_INFINITY, apply: Math.min }),
  ReduceL1: reduce({ start: 0, apply: (a, b) => a + Math.abs(b) }),
  ReduceL2: reduce({ start: 0, apply: (a, b) => a + b * b, finish: Math.sqrt }),
  ReduceSumSquare: reduce({ start: 0, apply: (a, b) => a + b * b }),
  ArgMax: extremePosition((value, best) => value > best),
  ArgMin: extremePosition((value, best) => value < best),
  CumSum: cumSum,
  MatMul: matMul,
  Gemm: gemm,
  BatchNormalization: batchNormalization,
  InstanceNormalization: instanceNormalization,
  LayerNormalization: layerNormalization,
  Softmax: (node, [x], budget) => softmax(node, x, budget, (value, total) => Math.exp(value) / total),
  LogSoftmax: (node, [x], budget) => softmax(node, x, budget, (value, total) => value - Math.log(total)),
};
