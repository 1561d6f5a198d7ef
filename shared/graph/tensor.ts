import { GraphError, ImpossibleShape } from './errors.ts';

/** Element types by the names that ONNX Runtime's JavaScript interface uses. `opaque` types travel through unread. */
export type ElementType =
  | 'float32'
  | 'float64'
  | 'int8'
  | 'uint8'
  | 'int16'
  | 'uint16'
  | 'int32'
  | 'uint32'
  | 'int64'
  | 'uint64'
  | 'bool'
  | 'string'
  | `opaque${number}`;

export type TensorData =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

/** A constant: row-major data of the given shape. Booleans are bytes 0 or 1. */
export interface Tensor {
  type: ElementType;
  shape: number[];
  data: TensorData;
}

const constructors = {
  float32: Float32Array,
  float64: Float64Array,
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  bool: Uint8Array,
} as const;

/** Types whose values this room can compute with. */
export type NumericType = keyof typeof constructors;

export const isNumeric = (type: ElementType): type is NumericType => type in constructors;

export const sizeOf = (shape: readonly number[]): number => shape.reduce((product, dim) => product * dim, 1);

/**
 * The turns that loops over the axes of a tensor take: its size, with zeros counted as one.
 * @throws ImpossibleShape
 */
export function extentOf(shape: readonly number[]): number {
  let extent = 1;
  for (const dim of shape) {
    if (!(Number.isSafeInteger(dim) && dim >= 0)) throw new ImpossibleShape(shape);
    extent *= Math.max(1, dim);
  }
  return extent;
}

export function allocate(type: ElementType, length: number): TensorData {
  if (!isNumeric(type))
    throw new GraphError(`A constant of type ${type} cannot be computed. Convert it to float32 first.`);
  return new constructors[type](length);
}

/**
 * Bytes as elements. Copies, since bytes inside a file are not aligned (and not with slice(): a Node Buffer's does not
 * copy).
 */
export function fromBytes(type: NumericType, bytes: Uint8Array): TensorData {
  return new constructors[type](new Uint8Array(bytes).buffer);
}

export const floats = (values: ArrayLike<number>, shape: number[] = [values.length]): Tensor => ({
  type: 'float32',
  shape,
  data: values instanceof Float32Array ? values : Float32Array.from(values),
});

export const int64s = (values: readonly number[] | Float64Array, shape: number[] = [values.length]): Tensor => ({
  type: 'int64',
  shape,
  data: BigInt64Array.from(values as ArrayLike<number>, toInt64),
});

/** The nearest int64 to a number: files write 2^63-1 for "to the end", which a double rounds up out of range. */
export function toInt64(value: number): bigint {
  if (value >= 2 ** 63) return 2n ** 63n - 1n;
  if (value <= -(2 ** 63)) return -(2n ** 63n);
  return BigInt(Math.trunc(value));
}

/** The elements as plain numbers. */
export const numbers = (tensor: Tensor): number[] => Array.from(tensor.data as ArrayLike<number | bigint>, Number);

/** The elements in double precision, outside of the heap that lists of numbers would fill. */
export function doubles({ data }: Tensor): Float64Array {
  const values = new Float64Array(data.length);
  for (let i = 0; i < values.length; i++) values[i] = Number(data[i]);
  return values;
}

/** Sizes, axes, or pads on both sides, of a tensor of as many axes as any has. */
export const longestList = 64;
/** Sizes of the parts that a Split makes. */
export const mostParts = 2 ** 14;

/**
 * The elements of a list of sizes, axes or pads.
 * @throws GraphError for one that is longer than any operator takes
 */
export function listOf(tensor: Tensor, longest = longestList): number[] {
  if (tensor.data.length > longest)
    throw new GraphError(
      `A list of sizes, axes or pads has ${tensor.data.length} elements, which no operator takes. The file is damaged: export it again.`,
    );
  return numbers(tensor);
}

/** A tensor of another element type, with C's rounding towards zero for integers. */
export function convert(tensor: Tensor, type: ElementType): Tensor {
  if (tensor.type === type) return tensor;
  if (type === 'float32' && !(tensor.data instanceof BigInt64Array || tensor.data instanceof BigUint64Array))
    return { type, shape: tensor.shape, data: Float32Array.from(tensor.data) };
  const data = allocate(type, tensor.data.length);
  for (let i = 0; i < data.length; i++) {
    const value = Number(tensor.data[i]);
    if (data instanceof BigInt64Array) data[i] = toInt64(value);
    else if (data instanceof BigUint64Array) data[i] = BigInt(Math.trunc(value));
    else
      data[i] =
        type === 'bool' ? Number(value !== 0) : type === 'float32' || type === 'float64' ? value : Math.trunc(value);
  }
  return { type, shape: tensor.shape, data };
}

/** Row-major strides. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  for (let axis = shape.length - 1, step = 1; axis >= 0; axis--) {
    strides[axis] = step;
    step *= shape[axis];
  }
  return strides;
}

/**
 * Builds a tensor of `shape` by reading `source` at `offset + sum(index * strides)`: transposes, slices and broadcasts
 * at once.
 */
export function gatherStrided(source: Tensor, shape: number[], strides: readonly number[], offset = 0): Tensor {
  extentOf(shape); // A negative length would never come to an end.
  const data = allocate(source.type, sizeOf(shape));
  const outer = shape.length - 1;
  const [length, stride] = outer >= 0 ? [shape[outer], strides[outer]] : [1, 0];
  const index = new Array<number>(shape.length).fill(0);
  const from = source.data;
  let row = offset;
  for (let i = 0; i < data.length; i += length) {
    for (let j = 0, position = row; j < length; j++, position += stride) data[i + j] = from[position];
    for (let axis = outer - 1; axis >= 0; axis--) {
      row += strides[axis];
      if (++index[axis] < shape[axis]) break;
      row -= strides[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return { type: source.type, shape, data };
}

export function transpose(tensor: Tensor, order: readonly number[]): Tensor {
  const strides = stridesOf(tensor.shape);
  return gatherStrided(
    tensor,
    order.map((axis) => tensor.shape[axis]),
    order.map((axis) => strides[axis]),
  );
}

/** Numpy broadcasting of a constant to a larger shape. */
export function broadcastTo(tensor: Tensor, shape: number[]): Tensor {
  if (sizeOf(shape) === tensor.data.length) return { type: tensor.type, shape, data: tensor.data };
  const missing = shape.length - tensor.shape.length;
  const strides = stridesOf(tensor.shape);
  return gatherStrided(
    tensor,
    shape,
    shape.map((_, axis) => (axis < missing || tensor.shape[axis - missing] === 1 ? 0 : strides[axis - missing])),
  );
}
