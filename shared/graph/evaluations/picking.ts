// Elements that are picked from a tensor, or put into one, by their place.
import { attribute } from '../model.ts';
import { allocate, doubles, extentOf, gatherStrided, listOf, sizeOf, stridesOf, type Tensor } from '../tensor.ts';
import { type Evaluation, positiveAxis } from './types.ts';

/** Steps that it takes to find where one index points. */
const perIndex = 8;

const gather: Evaluation = (node, [x, indices], budget) => {
  if (!x || !indices) return undefined;
  const axis = positiveAxis(attribute(node, 'axis', 0), x.shape.length);
  const inner = stridesOf(x.shape)[axis];
  const outer = sizeOf(x.shape.slice(0, axis));
  const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)];
  budget.hold(shape, perIndex * indices.data.length);
  const picked = doubles(indices).map((index) => positiveAxis(index, x.shape[axis]));
  if (picked.some((index) => index < 0 || index >= x.shape[axis])) return undefined;
  const data = allocate(x.type, sizeOf(shape));
  let position = 0;
  for (let o = 0; o < outer; o++) {
    for (const index of picked) {
      const start = (o * x.shape[axis] + index) * inner;
      for (let i = 0; i < inner; i++) data[position++] = x.data[start + i];
    }
  }
  return { type: x.type, shape, data };
};

/** Where each element of `indices` points in data of shape `shape`, or undefined when one points outside. */
function elementPositions(shape: readonly number[], indices: Tensor, axis: number): Float64Array | undefined {
  const strides = stridesOf(shape);
  const own = stridesOf(indices.shape);
  const positions = doubles(indices).map((value, i) => {
    const index = positiveAxis(value, shape[axis]);
    if (index < 0 || index >= shape[axis]) return -1;
    return strides.reduce(
      (sum, stride, at) => sum + stride * (at === axis ? index : Math.floor(i / own[at]) % indices.shape[at]),
      0,
    );
  });
  return positions.includes(-1) ? undefined : positions;
}

/** Where each index tuple (the last axis of `indices`) points in data of shape `shape`, after `batch` shared axes. */
function tuplePositions(shape: readonly number[], indices: Tensor, batch: number): Float64Array | undefined {
  const depth = indices.shape.at(-1) ?? 0;
  const strides = stridesOf(shape);
  const values = doubles(indices);
  const perBatch = sizeOf(indices.shape.slice(batch, -1));
  const positions = new Float64Array(depth > 0 ? Math.floor(values.length / depth) : 0);
  for (let t = 0; t < positions.length; t++) {
    let position = batch > 0 ? Math.floor(t / perBatch) * strides[batch - 1] : 0;
    for (let d = 0; d < depth; d++) {
      const index = positiveAxis(values[t * depth + d], shape[batch + d]);
      if (index < 0 || index >= shape[batch + d]) return undefined;
      position += index * strides[batch + d];
    }
    positions[t] = position;
  }
  return positions;
}

const gatherND: Evaluation = (node, [x, indices], budget) => {
  if (!x || !indices) return undefined;
  const batch = attribute(node, 'batch_dims', 0);
  const shape = [...indices.shape.slice(0, -1), ...x.shape.slice(batch + (indices.shape.at(-1) ?? 0))];
  budget.hold(shape, perIndex * indices.data.length);
  const positions = tuplePositions(x.shape, indices, batch);
  if (!positions) return undefined;
  const tail = x.shape.slice(batch + (indices.shape.at(-1) ?? 0));
  const chunk = sizeOf(tail);
  const data = allocate(x.type, positions.length * chunk);
  for (const [t, position] of positions.entries())
    for (let i = 0; i < chunk; i++) data[t * chunk + i] = x.data[position + i];
  return { type: x.type, shape, data };
};

const scatterND: Evaluation = (node, [x, indices, updates], budget) => {
  if (!x || !indices || !updates || attribute(node, 'reduction', 'none') !== 'none') return undefined;
  const into = x.shape.slice(indices.shape.at(-1) ?? 0);
  budget.hold(x.shape, perIndex * indices.data.length + extentOf([...indices.shape.slice(0, -1), ...into]));
  const positions = tuplePositions(x.shape, indices, 0);
  if (!positions) return undefined;
  const chunk = sizeOf(into);
  const data = x.data.slice();
  for (const [t, position] of positions.entries())
    for (let i = 0; i < chunk; i++) data[position + i] = updates.data[t * chunk + i];
  return { type: x.type, shape: x.shape, data };
};

const gatherElements: Evaluation = (node, [x, indices], budget) => {
  if (indices) budget.hold(indices.shape, perIndex * indices.data.length * indices.shape.length);
  const positions =
    x && indices && elementPositions(x.shape, indices, positiveAxis(attribute(node, 'axis', 0), x.shape.length));
  if (!positions) return undefined;
  const data = allocate(x.type, positions.length);
  for (const [i, position] of positions.entries()) data[i] = x.data[position];
  return { type: x.type, shape: indices.shape, data };
};

const scatterElements: Evaluation = (node, [x, indices, updates], budget) => {
  if (!x || !indices || !updates || attribute(node, 'reduction', 'none') !== 'none') return undefined;
  budget.hold(x.shape, perIndex * indices.data.length * indices.shape.length);
  const positions = elementPositions(x.shape, indices, positiveAxis(attribute(node, 'axis', 0), x.shape.length));
  if (!positions) return undefined;
  const data = x.data.slice();
  for (const [i, position] of positions.entries()) data[position] = updates.data[i];
  return { type: x.type, shape: x.shape, data };
};

const slice: Evaluation = (_, [x, starts, ends, axes, steps], budget) => {
  if (!x || !starts || !ends) return undefined;
  const strides = stridesOf(x.shape);
  const shape = x.shape.slice();
  const reading = strides.slice();
  let offset = 0;
  for (const [i, window] of sliceWindows(
    x.shape,
    listOf(starts),
    listOf(ends),
    axes && listOf(axes),
    steps && listOf(steps),
  ).entries()) {
    shape[i] = window.length;
    reading[i] = strides[i] * window.step;
    offset += window.start * strides[i];
  }
  budget.hold(shape);
  return gatherStrided(x, shape, reading, offset);
};

/** What Slice reads along each axis, with ONNX's clamping of starts and ends. */
export function sliceWindows(
  shape: readonly number[],
  starts: number[],
  ends: number[],
  axes: number[] = starts.map((_, i) => i),
  steps: number[] = starts.map(() => 1),
): { start: number; step: number; length: number }[] {
  const windows = shape.map((length) => ({ start: 0, step: 1, length }));
  for (const [i, axisOrNegative] of axes.entries()) {
    const axis = positiveAxis(axisOrNegative, shape.length);
    if (!(axis in shape)) throw new RangeError(`there is no axis ${axis}`);
    const size = shape[axis];
    const step = steps[i];
    const clamp = (value: number, low: number, high: number) =>
      Math.min(Math.max(value < 0 ? value + size : value, low), high);
    const start = step > 0 ? clamp(starts[i], 0, size) : clamp(starts[i], 0, size - 1);
    const end = step > 0 ? clamp(ends[i], 0, size) : clamp(ends[i], -1, size - 1);
    windows[axis] = { start, step, length: Math.max(0, Math.ceil((end - start) / step)) };
  }
  return windows;
}

export const picking: Record<string, Evaluation> = {
  Gather: gather,
  GatherND: gatherND,
  GatherElements: gatherElements,
  ScatterND: scatterND,
  ScatterElements: scatterElements,
  Slice: slice,
};
