// Moving and repeating elements; and tensors made from nothing but numbers.
import { attribute, intsAttribute, mostAxes, type Node } from '../model.ts';
import {
  allocate,
  broadcastTo,
  convert,
  extentOf,
  floats,
  gatherStrided,
  int64s,
  listOf,
  mostParts,
  sizeOf,
  stridesOf,
  type Tensor,
  transpose,
} from '../tensor.ts';
import { axesOf, broadcastShape, type Evaluation, positiveAxis } from './types.ts';

/** @throws ImpossibleShape for a negative size: two of them have a positive product */
function reshaped(tensor: Tensor, shape: number[]): Tensor | undefined {
  if (sizeOf(shape) !== tensor.data.length) return undefined;
  extentOf(shape);
  return { type: tensor.type, shape, data: tensor.data };
}

const concat: Evaluation = (node, inputs, budget) => {
  const parts = inputs.filter((tensor) => tensor !== undefined);
  const axis = positiveAxis(attribute(node, 'axis', 0), parts[0].shape.length);
  // An axis that there is not has no place, and must not be made.
  const total = parts.reduce((sum, part) => sum + part.shape[axis], 0);
  const shape = parts[0].shape.with(axis, total);
  const outer = sizeOf(shape.slice(0, axis));
  budget.hold(shape, outer * parts.length);
  const data = allocate(parts[0].type, sizeOf(shape));
  let position = 0;
  for (let o = 0; o < outer; o++) {
    for (const part of parts) {
      const chunk = part.data.length / outer;
      for (let i = 0; i < chunk; i++) data[position++] = part.data[o * chunk + i];
    }
  }
  return { type: parts[0].type, shape, data };
};

const split: Evaluation = (node, [x, input], budget) => {
  if (!x) return undefined;
  const axis = positiveAxis(attribute(node, 'axis', 0), x.shape.length);
  const chunk = Math.ceil(x.shape[axis] / node.outputs.length);
  const sizes =
    (input ? listOf(input, mostParts) : intsAttribute(node, 'split', mostParts)) ??
    node.outputs.map((_, i) => Math.min(chunk, x.shape[axis] - i * chunk));
  if (sizes.length !== node.outputs.length || sizes.reduce((sum, size) => sum + size, 0) !== x.shape[axis])
    return undefined;
  const strides = stridesOf(x.shape);
  let start = 0;
  return sizes.map((size) => {
    const shape = x.shape.with(axis, size);
    budget.hold(shape);
    const part = gatherStrided(x, shape, strides, start * strides[axis]);
    start += size;
    return part;
  });
};

/** The source position of every position along a padded axis, -1 where a constant is put. */
export function paddedPositions(size: number, before: number, after: number, mode: string): number[] {
  return Array.from({ length: Math.max(0, before + size + after) }, (_, i) => {
    const position = i - before;
    if (position >= 0 && position < size) return position;
    if (mode === 'edge') return position < 0 ? 0 : size - 1;
    if (mode === 'wrap') return ((position % size) + size) % size;
    if (mode !== 'reflect') return -1;
    const period = Math.max(1, 2 * (size - 1));
    const folded = ((position % period) + period) % period;
    return folded < size ? folded : period - folded;
  });
}

const pad: Evaluation = (node, [x, pads, value, axesInput], budget) => {
  if (!x || !pads) return undefined;
  const rank = x.shape.length;
  const axes = (axesInput ? listOf(axesInput) : x.shape.map((_, i) => i)).map((axis) => positiveAxis(axis, rank));
  const amounts = listOf(pads);
  const mode = attribute(node, 'mode', 'constant');
  let result: Tensor = x;
  for (const [i, axis] of axes.entries()) {
    const length = Math.max(0, result.shape[axis] + amounts[i] + amounts[i + axes.length]);
    budget.hold(result.shape.with(axis, length), 4 * length);
    const positions = paddedPositions(result.shape[axis], amounts[i], amounts[i + axes.length], mode);
    const [outer, inner] = [sizeOf(result.shape.slice(0, axis)), sizeOf(result.shape.slice(axis + 1))];
    const shape = result.shape.with(axis, positions.length);
    const data = allocate(x.type, sizeOf(shape));
    if (value) data.fill(value.data[0] as never);
    for (let o = 0; o < outer; o++)
      for (const [at, position] of positions.entries())
        if (position >= 0)
          for (let j = 0; j < inner; j++)
            data[(o * positions.length + at) * inner + j] =
              result.data[(o * result.shape[axis] + position) * inner + j];
    result = { type: x.type, shape, data };
  }
  return result;
};

const tile: Evaluation = (_, [x, repeats], budget) => {
  if (!x || !repeats) return undefined;
  const counts = listOf(repeats);
  const target = x.shape.flatMap((dim, i) => [counts[i], dim]);
  if (counts.length !== x.shape.length) return undefined;
  budget.hold(target);
  const widened = broadcastTo({ type: x.type, data: x.data, shape: x.shape.flatMap((dim) => [1, dim]) }, target);
  return reshaped(
    widened,
    x.shape.map((dim, i) => dim * counts[i]),
  );
};

const range: Evaluation = (_, [start, limit, delta], budget) => {
  if (!start || !limit || !delta) return undefined;
  const [from, to, step] = [start, limit, delta].map((tensor) => Number(tensor.data[0]));
  const length = Math.max(0, Math.ceil((to - from) / step));
  budget.hold([length], 4 * length);
  const data = new Float64Array(length);
  for (let i = 0; i < length; i++) data[i] = from + i * step;
  return convert({ type: 'float64', shape: [length], data }, start.type);
};

const trilu: Evaluation = (node, [x, k], budget) => {
  if (!x) return undefined;
  budget.hold(x.shape, 4 * x.data.length);
  const [rows, columns] = x.shape.slice(-2);
  const diagonal = k ? Number(k.data[0]) : 0;
  const upper = attribute(node, 'upper', 1) === 1;
  const data = x.data.slice();
  for (let i = 0; i < data.length; i++) {
    const offset = (i % columns) - (Math.floor(i / columns) % rows) - diagonal;
    if (upper ? offset < 0 : offset > 0) data[i] = 0 as never;
  }
  return { type: x.type, shape: x.shape, data };
};

const nonZero: Evaluation = (_, [x], budget) => {
  if (!x) return undefined;
  budget.work(x.data.length);
  let count = 0;
  for (let i = 0; i < x.data.length; i++) if (Number(x.data[i]) !== 0) count++;
  const rank = x.shape.length;
  budget.hold([rank, count], 8 * rank * count);
  const strides = stridesOf(x.shape);
  const data = new BigInt64Array(rank * count);
  for (let i = 0, found = 0; i < x.data.length; i++) {
    if (Number(x.data[i]) === 0) continue;
    for (const [axis, stride] of strides.entries())
      data[axis * count + found] = BigInt(Math.floor(i / stride) % x.shape[axis]);
    found++;
  }
  return { type: 'int64', shape: [rank, count], data };
};

const oneHot: Evaluation = (node, [indices, depth, values], budget) => {
  if (!indices || !depth || !values) return undefined;
  const classes = Number(depth.data[0]);
  const axis = positiveAxis(attribute(node, 'axis', -1), indices.shape.length + 1);
  const shape = indices.shape.toSpliced(axis, 0, classes);
  budget.hold(shape, 8 * indices.data.length);
  const inner = sizeOf(indices.shape.slice(axis));
  const data = allocate(values.type, sizeOf(shape));
  data.fill(values.data[0] as never);
  for (let i = 0; i < indices.data.length; i++) {
    const label = positiveAxis(Number(indices.data[i]), classes);
    if (label >= 0 && label < classes)
      data[(Math.floor(i / inner) * classes + label) * inner + (i % inner)] = values.data[1];
  }
  return { type: values.type, shape, data };
};

/** Depth and space exchanged through a view of six axes. */
const blocks =
  (
    order: (node: Node) => number[],
    view: (shape: number[], block: number, node: Node) => [number[], number[]],
  ): Evaluation =>
  (node, [x], budget) => {
    const block = attribute(node, 'blocksize', 1);
    if (x?.shape.length !== 4) return undefined;
    const [split, result] = view(x.shape, block, node);
    budget.hold(x.shape);
    const seen = reshaped(x, split);
    return seen && reshaped(transpose(seen, order(node)), result);
  };

export const layout: Record<string, Evaluation> = {
  Constant: ({ attributes: { value, value_int, value_ints, value_float, value_floats } }, _, budget) => {
    if (value?.kind === 'tensor') return value.value;
    if (value_int?.kind === 'int') return int64s([value_int.value], []);
    if (value_float?.kind === 'float') return floats([value_float.value], []);
    const list = value_ints ?? value_floats;
    if (list?.kind !== 'ints' && list?.kind !== 'floats') return undefined;
    budget.hold([list.value.length]);
    return list.kind === 'ints' ? int64s(list.value) : floats(list.value);
  },
  Identity: (_, [x]) => x,
  Dropout: (_, [x]) => x,
  Shape: (node, [x]) => x && int64s(x.shape.slice(attribute(node, 'start', 0), attribute(node, 'end', x.shape.length))),
  Size: (_, [x]) => x && int64s([x.data.length], []),
  Reshape: (node, [x, shape]) => {
    if (!x || !shape) return undefined;
    const wanted = listOf(shape).map((dim, axis) =>
      dim === 0 && !attribute(node, 'allowzero', 0) ? x.shape[axis] : dim,
    );
    const known = wanted.reduce((product, dim) => (dim === -1 ? product : product * dim), 1);
    return reshaped(
      x,
      wanted.map((dim) => (dim === -1 ? x.data.length / known : dim)),
    );
  },
  Flatten: (node, [x]) => {
    const axis = x && positiveAxis(attribute(node, 'axis', 1), x.shape.length);
    return x && reshaped(x, [sizeOf(x.shape.slice(0, axis)), sizeOf(x.shape.slice(axis))]);
  },
  Squeeze: (node, [x, input]) => {
    if (!x) return undefined;
    const axes = axesOf(node, input)?.map((axis) => positiveAxis(axis, x.shape.length));
    return reshaped(
      x,
      x.shape.filter((dim, axis) => (axes ? !axes.includes(axis) : dim !== 1)),
    );
  },
  Unsqueeze: (node, [x, input]) => {
    const axes = axesOf(node, input);
    if (!x || !axes || x.shape.length + axes.length > mostAxes) return undefined;
    const shape = x.shape.slice();
    for (const axis of axes.map((value) => positiveAxis(value, x.shape.length + axes.length)).sort((a, b) => a - b))
      shape.splice(axis, 0, 1);
    return reshaped(x, shape);
  },
  Transpose: (node, [x], budget) => {
    if (!x) return undefined;
    budget.hold(x.shape);
    return transpose(x, intsAttribute(node, 'perm') ?? x.shape.map((_, i) => x.shape.length - 1 - i));
  },
  Concat: concat,
  Split: split,
  Pad: pad,
  Tile: tile,
  Expand: (_, [x, shape], budget) => {
    const target = x && shape && broadcastShape(x.shape, listOf(shape));
    if (!target) return undefined;
    budget.hold(target);
    return broadcastTo(x, target);
  },
  ConstantOfShape: ({ attributes: { value } }, [shape], budget) => {
    if (!shape) return undefined;
    const filling = value?.kind === 'tensor' ? value.value : floats([0]);
    const target = listOf(shape);
    // The runtime makes it as well, and its shape is known all the same.
    if (!budget.fill(target)) return undefined;
    return broadcastTo({ type: filling.type, data: filling.data, shape: [1] }, target);
  },
  Range: range,
  Trilu: trilu,
  NonZero: nonZero,
  OneHot: oneHot,
  DepthToSpace: blocks(
    (node) => (attribute(node, 'mode', 'DCR') === 'DCR' ? [0, 3, 4, 1, 5, 2] : [0, 1, 4, 2, 5, 3]),
    ([n, c, h, w], b, node) => [
      attribute(node, 'mode', 'DCR') === 'DCR' ? [n, b, b, c / b ** 2, h, w] : [n, c / b ** 2, b, b, h, w],
      [n, c / b ** 2, h * b, w * b],
    ],
  ),
  SpaceToDepth: blocks(
    () => [0, 3, 5, 1, 2, 4],
    ([n, c, h, w], b) => [
      [n, c, h / b, b, w / b, b],
      [n, c * b ** 2, h / b, w / b],
    ],
  ),
};
