// Element by element, with broadcasting.

import type { Budget } from '../budget.ts';
import { attribute, type Node } from '../model.ts';
import { allocate, broadcastTo, convert, type ElementType, isNumeric, sizeOf, type Tensor } from '../tensor.ts';
import { broadcastShape, type Evaluation, positiveAxis } from './types.ts';

/** Steps that an operation takes for every element, the conversion to double precision and back included. */
const perElement = 4;

function pair(
  a: Tensor,
  b: Tensor,
  budget: Budget,
  apply: (a: number, b: number) => number,
  result: ElementType = a.type,
): Tensor | undefined {
  const shape = broadcastShape(a.shape, b.shape);
  if (!shape) return undefined;
  const length = sizeOf(shape);
  budget.hold(shape, perElement * length);
  // A single number is not spread out first: weights are scaled by one again and again.
  const left = a.data.length === 1 ? a.data : broadcastTo(a, shape).data;
  const right = b.data.length === 1 ? b.data : broadcastTo(b, shape).data;
  const [leftStep, rightStep] = [Number(left.length > 1), Number(right.length > 1)];
  const values = new Float64Array(length);
  for (let i = 0; i < length; i++) values[i] = apply(Number(left[i * leftStep]), Number(right[i * rightStep]));
  return convert({ type: 'float64', shape, data: values }, result);
}

/** Of two inputs, or of any number from left to right. */
const binary =
  (apply: (a: number, b: number) => number, result?: ElementType): Evaluation =>
  (_, [first, ...others], budget) =>
    others.reduce((left, right) => left && right && pair(left, right, budget, apply, result), first);

const unary =
  (apply: (x: number, node: Node) => number, result?: ElementType): Evaluation =>
  (node, [x], budget) => {
    if (!x) return undefined;
    budget.hold(x.shape, perElement * x.data.length);
    const data = new Float64Array(x.data.length);
    for (let i = 0; i < data.length; i++) data[i] = apply(Number(x.data[i]), node);
    return convert({ type: 'float64', shape: x.shape, data }, result ?? x.type);
  };

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

/**
 * Series below 3 and continued fraction above: M. Abramowitz, I. Stegun, "Handbook of Mathematical Functions", 1964,
 * 7.1.6 and 7.1.14.
 */
export function erf(x: number): number {
  const size = Math.abs(x);
  if (size < 3) {
    let term = x;
    let sum = x;
    for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
      term *= (2 * x * x) / (2 * n + 1);
      sum += term;
    }
    return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
  }
  let fraction = 0;
  for (let n = 60; n > 0; n--) fraction = n / 2 / (size + fraction);
  return Math.sign(x) * (1 - Math.exp(-x * x) / Math.sqrt(Math.PI) / (size + fraction));
}

/** To the nearest whole number, halves to the even one, as ONNX rounds. */
export function roundHalfEven(x: number): number {
  const below = Math.floor(x);
  const rest = x - below;
  return rest < 0.5 || (rest === 0.5 && below % 2 === 0) ? below : below + 1;
}

const divide: Evaluation = (_, [a, b], budget) => {
  if (!a || !b) return undefined;
  if (a.type.startsWith('float')) return pair(a, b, budget, (x, y) => x / y);
  // Whole numbers divided by zero are the file's mistake, and the runtime's to report.
  return b.data.some((value) => Number(value) === 0) ? undefined : pair(a, b, budget, (x, y) => Math.trunc(x / y));
};

const where: Evaluation = (_, [condition, a, b], budget) => {
  const both = condition && a && b && broadcastShape(a.shape, b.shape);
  const shape = both && broadcastShape(condition.shape, both);
  if (!shape) return undefined;
  budget.hold(shape, perElement * sizeOf(shape));
  const [choice, left, right] = [condition, a, b].map((tensor) => broadcastTo(tensor, shape).data);
  const data = allocate(a.type, choice.length);
  for (let i = 0; i < data.length; i++) data[i] = choice[i] ? left[i] : right[i];
  return { type: a.type, shape, data };
};

const castTypes: Record<number, ElementType> = {
  1: 'float32', 2: 'uint8', 3: 'int8', 4: 'uint16', 5: 'int16', 6: 'int32', 7: 'int64', 9: 'bool', 11: 'float64', 12: 'uint32', 13: 'uint64',
}; // biome-ignore format: one table, one line

/** The element type that the `to` of a Cast names. */
export const castType = (node: Node): ElementType | undefined => castTypes[attribute(node, 'to', 0)];

function converted(x: Tensor, type: ElementType | undefined, budget: Budget): Tensor | undefined {
  if (type === undefined || !isNumeric(type)) return undefined;
  if (type !== x.type) budget.hold(x.shape, perElement * x.data.length);
  return convert(x, type);
}

const dequantize: Evaluation = (node, [x, scale, zero], budget) => {
  if (!x || !scale || attribute(node, 'block_size', 0) !== 0) return undefined;
  const channels = channelsOf(node, x, scale);
  if (!channels) return undefined;
  budget.hold(x.shape, perElement * x.data.length);
  const data = new Float32Array(x.data.length);
  for (let i = 0; i < data.length; i++) {
    const channel = channels(i);
    data[i] =
      (Number(x.data[i]) - Number(zero?.data[zero.data.length > 1 ? channel : 0] ?? 0)) * Number(scale.data[channel]);
  }
  return { type: 'float32', shape: x.shape, data };
};

const limits: Partial<Record<ElementType, [number, number]>> = {
  int8: [-128, 127],
  uint8: [0, 255],
  int16: [-32768, 32767],
  uint16: [0, 65535],
};

/** The smallest and largest value of a quantised type. */
export const quantisedLimits = (type: ElementType): [number, number] | undefined => limits[type];

const quantize: Evaluation = (node, [x, scale, zero], budget) => {
  const type = zero?.type ?? 'uint8';
  const range = limits[type];
  if (!x || !scale || !range || attribute(node, 'block_size', 0) !== 0) return undefined;
  const channels = channelsOf(node, x, scale);
  if (!channels) return undefined;
  budget.hold(x.shape, perElement * x.data.length);
  const data = allocate(type, x.data.length);
  for (let i = 0; i < data.length; i++) {
    const channel = channels(i);
    const offset = Number(zero?.data[zero.data.length > 1 ? channel : 0] ?? 0);
    const value = roundHalfEven(Number(x.data[i]) / Number(scale.data[channel])) + offset;
    data[i] = Math.min(range[1], Math.max(range[0], value));
  }
  return { type, shape: x.shape, data };
};

/** Which scale belongs to an element: the only one, or that of its place along the node's axis. */
function channelsOf(node: Node, x: Tensor, scale: Tensor): ((i: number) => number) | undefined {
  if (scale.data.length === 1) return () => 0;
  const axis = positiveAxis(attribute(node, 'axis', 1), x.shape.length);
  const count = scale.data.length;
  if (x.shape[axis] !== count) return undefined;
  const step = sizeOf(x.shape.slice(axis + 1));
  return (i) => Math.floor(i / step) % count;
}

export const elementwise: Record<string, Evaluation> = {
  Add: binary((a, b) => a + b),
  Sub: binary((a, b) => a - b),
  Mul: binary((a, b) => a * b),
  Div: divide,
  Mod: (node, [a, b], budget) =>
    a && b && pair(a, b, budget, attribute(node, 'fmod', 0) ? (x, y) => x % y : (x, y) => x - y * Math.floor(x / y)),
  Pow: binary((a, b) => a ** b),
  Min: binary(Math.min),
  Max: binary(Math.max),
  Sum: binary((a, b) => a + b),
  Equal: binary((a, b) => Number(a === b), 'bool'),
  Greater: binary((a, b) => Number(a > b), 'bool'),
  GreaterOrEqual: binary((a, b) => Number(a >= b), 'bool'),
  Less: binary((a, b) => Number(a < b), 'bool'),
  LessOrEqual: binary((a, b) => Number(a <= b), 'bool'),
  And: binary((a, b) => a & b, 'bool'),
  Or: binary((a, b) => a | b, 'bool'),
  Xor: binary((a, b) => a ^ b, 'bool'),
  Not: unary((x) => 1 - x),
  IsNaN: unary((x) => Number(Number.isNaN(x)), 'bool'),
  Neg: unary((x) => -x),
  Abs: unary(Math.abs),
  Sign: unary(Math.sign),
  Sqrt: unary(Math.sqrt),
  Exp: unary(Math.exp),
  Log: unary(Math.log),
  Reciprocal: unary((x) => 1 / x),
  Floor: unary(Math.floor),
  Ceil: unary(Math.ceil),
  Round: unary(roundHalfEven),
  Sin: unary(Math.sin),
  Cos: unary(Math.cos),
  Tan: unary(Math.tan),
  Asin: unary(Math.asin),
  Acos: unary(Math.acos),
  Atan: unary(Math.atan),
  Sinh: unary(Math.sinh),
  Cosh: unary(Math.cosh),
  Tanh: unary(Math.tanh),
  Erf: unary(erf),
  Sigmoid: unary(sigmoid),
  Softplus: unary(softplus),
  Relu: unary((x) => Math.max(0, x)),
  LeakyRelu: unary((x, node) => (x < 0 ? attribute(node, 'alpha', 0.01) * x : x)),
  HardSigmoid: unary((x, node) =>
    Math.min(1, Math.max(0, attribute(node, 'alpha', 0.2) * x + attribute(node, 'beta', 0.5))),
  ),
  Clip: (_, [x, low, high], budget) => {
    if (!x) return undefined;
    const [from, to] = [
      low ? Number(low.data[0]) : Number.NEGATIVE_INFINITY,
      high ? Number(high.data[0]) : Number.POSITIVE_INFINITY,
    ];
    return unary((value) => Math.min(to, Math.max(from, value)))({} as Node, [x], budget);
  },
  Where: where,
  Cast: (node, [x], budget) => x && converted(x, castType(node), budget),
  CastLike: (_, [x, like], budget) => x && like && converted(x, like.type, budget),
  DequantizeLinear: dequantize,
  QuantizeLinear: quantize,
};
