// Computes single nodes whose inputs are all constants, so that a graph can be simplified without a runtime.
import { attribute, intsAttribute, type Node } from './model.ts';
import {
  allocate,
  broadcastTo,
  convert,
  type ElementType,
  floats,
  gatherStrided,
  int64s,
  isNumeric,
  numbers,
  sizeOf,
  stridesOf,
  type Tensor,
  transpose,
} from './tensor.ts';

type Evaluation = (node: Node, inputs: (Tensor | undefined)[], opset: number) => Tensor | undefined;

// Folding may widen a file (Expand, ConstantOfShape): beyond this many elements a node is left for the runtime.
const largest = 2 ** 26;

/** The output of a node with constant inputs, or undefined when the operator is not one that is computed here. */
export function evaluate(node: Node, inputs: (Tensor | undefined)[], opset: number): Tensor | undefined {
  if (node.domain !== '' || node.outputs.length !== 1) return undefined;
  if (inputs.some((tensor) => tensor && !isNumeric(tensor.type))) return undefined;
  return table[node.operator]?.(node, inputs, opset);
}

/** The shape two shapes broadcast to, or undefined when they do not fit. */
export function broadcastShape(a: readonly number[], b: readonly number[]): number[] | undefined {
  const rank = Math.max(a.length, b.length);
  const shape: number[] = [];
  for (let axis = 0; axis < rank; axis++) {
    const left = a[axis - rank + a.length] ?? 1;
    const right = b[axis - rank + b.length] ?? 1;
    if (left !== right && left !== 1 && right !== 1) return undefined;
    shape.push(left === 1 ? right : left);
  }
  return shape;
}

function binary(apply: (a: number, b: number) => number, result?: ElementType): Evaluation {
  return (_, [a, b]) => {
    const shape = a && b && broadcastShape(a.shape, b.shape);
    if (!shape || sizeOf(shape) > largest) return undefined;
    const left = broadcastTo(a, shape).data;
    const right = broadcastTo(b, shape).data;
    const values = new Float64Array(left.length);
    for (let i = 0; i < values.length; i++) values[i] = apply(Number(left[i]), Number(right[i]));
    return convert({ type: 'float64', shape, data: values }, result ?? a.type);
  };
}

function unary(apply: (x: number) => number): Evaluation {
  return (_, [x]) =>
    x &&
    convert(
      {
        type: 'float64',
        shape: x.shape,
        data: Float64Array.from(x.data as ArrayLike<number | bigint>, (value) => apply(Number(value))),
      },
      x.type,
    );
}

const reshaped = (tensor: Tensor, shape: number[]): Tensor | undefined =>
  sizeOf(shape) === tensor.data.length ? { ...tensor, shape } : undefined;

export const positiveAxis = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis);

/** The axes of Squeeze, Unsqueeze and the reductions, an attribute in old operator sets and an input in new ones. */
const axesOf = (node: Node, input: Tensor | undefined): number[] | undefined =>
  input ? numbers(input) : intsAttribute(node, 'axes');

const dequantize: Evaluation = (node, [x, scale, zero]) => {
  if (!x || !scale || node.attributes.block_size) return undefined;
  const axis = positiveAxis(attribute(node, 'axis', 1), x.shape.length);
  const perAxis = scale.data.length > 1;
  if (perAxis && x.shape[axis] !== scale.data.length) return undefined;
  const step = perAxis ? stridesOf(x.shape)[axis] : x.data.length;
  const count = perAxis ? scale.data.length : 1;
  const data = new Float32Array(x.data.length);
  for (let i = 0; i < data.length; i++) {
    const channel = Math.floor(i / step) % count;
    data[i] =
      (Number(x.data[i]) - Number(zero?.data[zero.data.length > 1 ? channel : 0] ?? 0)) * Number(scale.data[channel]);
  }
  return floats(data, x.shape);
};

const gather: Evaluation = (node, [x, indices]) => {
  if (!x || !indices) return undefined;
  const axis = positiveAxis(attribute(node, 'axis', 0), x.shape.length);
  const inner = stridesOf(x.shape)[axis];
  const outer = sizeOf(x.shape.slice(0, axis));
  const picked = numbers(indices).map((index) => positiveAxis(index, x.shape[axis]));
  if (picked.some((index) => index < 0 || index >= x.shape[axis])) return undefined;
  const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)];
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

const concat: Evaluation = (node, inputs) => {
  const parts = inputs.filter((tensor) => tensor !== undefined);
  const axis = positiveAxis(attribute(node, 'axis', 0), parts[0].shape.length);
  const shape = parts[0].shape.slice();
  shape[axis] = parts.reduce((sum, part) => sum + part.shape[axis], 0);
  const data = allocate(parts[0].type, sizeOf(shape));
  const outer = sizeOf(shape.slice(0, axis));
  let position = 0;
  for (let o = 0; o < outer; o++) {
    for (const part of parts) {
      const chunk = part.data.length / outer;
      for (let i = 0; i < chunk; i++) data[position++] = part.data[o * chunk + i];
    }
  }
  return { type: parts[0].type, shape, data };
};

const slice: Evaluation = (_, [x, starts, ends, axes, steps]) => {
  if (!x || !starts || !ends) return undefined;
  const strides = stridesOf(x.shape);
  const shape = x.shape.slice();
  const reading = strides.slice();
  let offset = 0;
  for (const [i, window] of sliceWindows(
    x.shape,
    numbers(starts),
    numbers(ends),
    axes && numbers(axes),
    steps && numbers(steps),
  ).entries()) {
    shape[i] = window.length;
    reading[i] = strides[i] * window.step;
    offset += window.start * strides[i];
  }
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

const reduce =
  (start: number, apply: (sum: number, value: number) => number): Evaluation =>
  (node, [x, axesInput]) => {
    if (!x) return undefined;
    const axes = (axesOf(node, axesInput) ?? x.shape.map((_, i) => i)).map((axis) =>
      positiveAxis(axis, x.shape.length),
    );
    const kept = x.shape.map((dim, axis) => (axes.includes(axis) ? 1 : dim));
    const strides = stridesOf(kept).map((stride, axis) => (axes.includes(axis) ? 0 : stride));
    const own = stridesOf(x.shape);
    const values = new Float64Array(sizeOf(kept)).fill(start);
    for (let i = 0; i < x.data.length; i++) {
      const target = strides.reduce(
        (sum, stride, axis) => sum + stride * (Math.floor(i / own[axis]) % x.shape[axis]),
        0,
      );
      values[target] = apply(values[target], Number(x.data[i]));
    }
    const shape = attribute(node, 'keepdims', 1) ? kept : kept.filter((_, axis) => !axes.includes(axis));
    return convert({ type: 'float64', shape, data: values }, x.type);
  };

const castTypes: Record<number, ElementType> = {
  1: 'float32',
  2: 'uint8',
  3: 'int8',
  6: 'int32',
  7: 'int64',
  9: 'bool',
  11: 'float64',
};

/** The element type that the `to` of a Cast names. */
export const castType = (node: Node): ElementType | undefined => castTypes[attribute(node, 'to', 0)];

const table: Record<string, Evaluation> = {
  Constant: ({ attributes: { value, value_int, value_ints, value_float, value_floats } }) => {
    if (value?.kind === 'tensor') return value.value;
    if (value_int?.kind === 'int') return int64s([value_int.value], []);
    if (value_ints?.kind === 'ints') return int64s(value_ints.value);
    if (value_float?.kind === 'float') return floats([value_float.value], []);
    if (value_floats?.kind === 'floats') return floats(value_floats.value);
    return undefined;
  },
  Identity: (_, [x]) => x,
  DequantizeLinear: dequantize,
  Shape: (_, [x]) => x && int64s(x.shape),
  Size: (_, [x]) => x && int64s([x.data.length], []),
  Reshape: (node, [x, shape]) => {
    if (!x || !shape) return undefined;
    const wanted = numbers(shape).map((dim, axis) =>
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
    if (!x || !axes) return undefined;
    const shape = x.shape.slice();
    for (const axis of axes.map((value) => positiveAxis(value, x.shape.length + axes.length)).sort((a, b) => a - b))
      shape.splice(axis, 0, 1);
    return reshaped(x, shape);
  },
  Transpose: (node, [x]) =>
    x && transpose(x, intsAttribute(node, 'perm') ?? x.shape.map((_, i) => x.shape.length - 1 - i)),
  Concat: concat,
  Gather: gather,
  Slice: slice,
  Cast: (node, [x]) => {
    const type = castType(node);
    return x && type && convert(x, type);
  },
  Add: binary((a, b) => a + b),
  Sub: binary((a, b) => a - b),
  Mul: binary((a, b) => a * b),
  Div: (node, inputs, opset) =>
    binary(inputs[0]?.type.startsWith('float') ? (a, b) => a / b : (a, b) => Math.trunc(a / b))(
      node,
      inputs[1]?.data.some((value) => Number(value) === 0) && !inputs[1].type.startsWith('float') ? [] : inputs,
      opset,
    ),
  Mod: binary((a, b) => a - b * Math.floor(a / b)),
  Pow: binary((a, b) => a ** b),
  Min: binary(Math.min),
  Max: binary(Math.max),
  Equal: binary((a, b) => Number(a === b), 'bool'),
  Greater: binary((a, b) => Number(a > b), 'bool'),
  Less: binary((a, b) => Number(a < b), 'bool'),
  And: binary((a, b) => a & b, 'bool'),
  Or: binary((a, b) => a | b, 'bool'),
  Not: unary((x) => 1 - x),
  Neg: unary((x) => -x),
  Abs: unary(Math.abs),
  Sqrt: unary(Math.sqrt),
  Exp: unary(Math.exp),
  Log: unary(Math.log),
  Reciprocal: unary((x) => 1 / x),
  Sin: unary(Math.sin),
  Cos: unary(Math.cos),
  Floor: unary(Math.floor),
  Ceil: unary(Math.ceil),
  ReduceProd: reduce(1, (a, b) => a * b),
  ReduceSum: reduce(0, (a, b) => a + b),
  ReduceMax: reduce(Number.NEGATIVE_INFINITY, Math.max),
  Expand: (_, [x, shape]) => {
    const target = x && shape && broadcastShape(x.shape, numbers(shape));
    return target && sizeOf(target) <= largest ? broadcastTo(x, target) : undefined;
  },
  ConstantOfShape: ({ attributes: { value } }, [shape]) => {
    const filling = value?.kind === 'tensor' ? value.value : floats([0]);
    const target = shape && numbers(shape);
    return target && sizeOf(target) <= largest ? broadcastTo({ ...filling, shape: [1] }, target) : undefined;
  },
  Where: (_, [condition, a, b]) => {
    const pair = condition && a && b && broadcastShape(a.shape, b.shape);
    const shape = pair && broadcastShape(condition.shape, pair);
    if (!shape || sizeOf(shape) > largest) return undefined;
    const [choice, left, right] = [condition, a, b].map((tensor) => broadcastTo(tensor, shape).data);
    const data = allocate(a.type, choice.length);
    for (let i = 0; i < data.length; i++) data[i] = choice[i] ? left[i] : right[i];
    return { type: a.type, shape, data };
  },
  Range: (_, [start, limit, delta]) => {
    if (!start || !limit || !delta) return undefined;
    const [from, to, step] = [start, limit, delta].map((tensor) => Number(tensor.data[0]));
    const length = Math.max(0, Math.ceil((to - from) / step));
    if (!(length <= largest)) return undefined;
    return convert(
      { type: 'float64', shape: [length], data: Float64Array.from({ length }, (_value, i) => from + i * step) },
      start.type,
    );
  },
};
