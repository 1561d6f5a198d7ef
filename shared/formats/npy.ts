// The .npy format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html

import { bfloat16, float16 } from './half.ts';

const MAGIC = '\x93NUMPY';

export type TypedArray =
  | Float32Array<ArrayBuffer>
  | Float64Array<ArrayBuffer>
  | Int8Array<ArrayBuffer>
  | Uint8Array<ArrayBuffer>
  | Int16Array<ArrayBuffer>
  | Uint16Array<ArrayBuffer>
  | Int32Array<ArrayBuffer>
  | Uint32Array<ArrayBuffer>
  | BigInt64Array<ArrayBuffer>
  | BigUint64Array<ArrayBuffer>;

/** Types that are written, by NumPy's name. */
const types = {
  '<f4': Float32Array,
  '<f8': Float64Array,
  '|i1': Int8Array,
  '|u1': Uint8Array,
  '<i2': Int16Array,
  '<u2': Uint16Array,
  '<i4': Int32Array,
  '<u4': Uint32Array,
  '<i8': BigInt64Array,
  '<u8': BigUint64Array,
} as const;
type Descriptor = keyof typeof types;

/** Types that are read, by NumPy's name without its byte order: how wide a number is, and how bytes become numbers. */
const readable = new Map<string, { width: number; numbers: (bytes: ArrayBuffer) => TypedArray }>([
  ...Object.entries(types).map(
    ([name, Type]) =>
      [
        name.slice(1),
        { width: Type.BYTES_PER_ELEMENT, numbers: (bytes: ArrayBuffer): TypedArray => new Type(bytes) },
      ] as const,
  ),
  ['f2', { width: 2, numbers: (bytes) => float16(new Uint16Array(bytes)) }],
  // NumPy knows no bfloat16: an array of it, as ml_dtypes makes them, is saved as one of two bytes of anything.
  ['V2', { width: 2, numbers: (bytes) => bfloat16(new Uint16Array(bytes)) }],
]);

export interface NpyArray {
  /** float16 and bfloat16 as float32. */
  data: TypedArray;
  shape: number[];
  /** NumPy's descriptor, as the file has it: "<f4", ">f2", "|u1", … */
  dtype: string;
}

export class FormatError extends Error {
  override name = 'FormatError';
}

export interface NpyHeader {
  shape: number[];
  dtype: string;
  fortran: boolean;
  /** Bytes of the array, and where they begin. */
  length: number;
  start: number;
}

/** NumPy itself reads no longer one that comes from strangers, and knows no more axes. */
const LONGEST_HEADER = 65_536;
const MOST_AXES = 64;

/**
 * What the header says of an array, which need not be there.
 * @throws FormatError for anything that is not the beginning of an .npy file of numbers.
 */
export function readNpyHeader(bytes: Uint8Array): NpyHeader {
  const text = (from: number, to: number) => String.fromCharCode(...bytes.subarray(from, to));
  if (bytes.length < 10 || text(0, 6) !== MAGIC) {
    throw new FormatError(
      'This is not an .npy file: it does not begin with \\x93NUMPY. Save the array with numpy.save.',
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const wide = bytes[6] >= 2;
  if (wide && bytes.length < 12) throw new FormatError('This .npy file ends inside its header. Save it again.');
  const start = wide ? 12 : 10;
  const end = start + (wide ? view.getUint32(8, true) : view.getUint16(8, true));
  if (end > bytes.length) throw new FormatError('This .npy file ends inside its header. Save it again.');
  if (end > LONGEST_HEADER) throw new FormatError('The header of this .npy file is too long. Save a plain array.');
  const header = text(start, end);
  const dtype = /'descr'\s*:\s*'([^']*)'/.exec(header)?.[1];
  const fortran = /'fortran_order'\s*:\s*(True|False)/.exec(header)?.[1];
  const shapeText = /'shape'\s*:\s*\(([^)]*)\)/.exec(header)?.[1];
  if (dtype === undefined || fortran === undefined || shapeText === undefined || !/^[\d\s,]*$/.test(shapeText)) {
    throw new FormatError(
      `The header of this .npy file cannot be read: ${header.trim().slice(0, 120)}. Save a plain array of numbers.`,
    );
  }
  const type = typeOf(dtype);
  if (!type) {
    throw new FormatError(
      `This .npy file holds ${dtype.slice(0, 40)}, which is not read here. Save it as float32 (array.astype("<f4")).`,
    );
  }
  const shape = shapeText
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean)
    .map(Number);
  if (shape.length > MOST_AXES || !shape.every(Number.isSafeInteger))
    throw new FormatError(`This .npy file has ${shape.length} axes, or one beyond all bounds. Save a plain array.`);
  const length = shape.reduce((product, dimension) => product * dimension, type.width);
  return { shape, dtype, fortran: fortran === 'True', length, start: end };
}

/** Bytes in the other order than this machine's are told by a ">" before the name. */
const typeOf = (dtype: string) => (/^[<>|=]/.test(dtype) ? readable.get(dtype.slice(1)) : undefined);

/**
 * Reads one array. Fortran order is turned into C order, big-endian numbers into little-endian ones.
 * @throws FormatError for anything that is not a complete .npy file of numbers.
 */
export function readNpy(bytes: Uint8Array): NpyArray {
  const { shape, dtype, fortran, length, start } = readNpyHeader(bytes);
  if (bytes.length - start !== length) {
    throw new FormatError(
      `This .npy file says shape (${shape.join(', ')}) of ${dtype}, ${length} bytes, but has ${bytes.length - start}. It is incomplete or damaged.`,
    );
  }
  // Copied, since the data need not be aligned in the file's buffer. (Not by slice: that of a Node Buffer is a view of
  // its pool.)
  const content = new Uint8Array(bytes.subarray(start));
  const { width, numbers } = typeOf(dtype)!;
  if (dtype.startsWith('>')) swapBytes(content, width);
  const data = numbers(content.buffer);
  return { data: fortran ? toRowMajor(data, shape) : data, shape, dtype };
}

function toRowMajor(data: TypedArray, shape: number[]): TypedArray {
  const result = data.slice();
  // A file may name sixty axes of 1, which would be gone through for each number.
  const sides = shape.filter((side) => side !== 1);
  const strides = sides.map((_, axis) => sides.slice(0, axis).reduce((product, side) => product * side, 1));
  const index = sides.map(() => 0);
  for (let position = 0, source = 0; position < result.length; position++) {
    result[position] = data[source];
    for (let axis = sides.length - 1; axis >= 0; axis--) {
      source += strides[axis];
      if (++index[axis] < sides[axis]) break;
      source -= strides[axis] * sides[axis];
      index[axis] = 0;
    }
  }
  return result;
}

/** Turns the bytes of each number round, in place. */
function swapBytes(bytes: Uint8Array, width: number): void {
  for (let at = 0; at < bytes.length; at += width)
    for (let low = at, high = at + width - 1; low < high; low++, high--) {
      const byte = bytes[low];
      bytes[low] = bytes[high];
      bytes[high] = byte;
    }
}

/**
 * One array as an .npy file, version 1.0, C order, data aligned to 64 bytes: what numpy.save writes. @throws
 * FormatError when the shape does not fit
 */
export function writeNpy(data: TypedArray, shape: readonly number[]): Uint8Array<ArrayBuffer> {
  const count = shape.reduce((product, dimension) => product * dimension, 1);
  if (count !== data.length)
    throw new FormatError(`An array of ${data.length} values does not have shape (${shape.join(', ')}).`);
  const descriptor = (Object.keys(types) as Descriptor[]).find((key) => data instanceof types[key]);
  if (!descriptor) throw new FormatError('Only arrays of whole numbers, float32 and float64 can be saved as .npy.');
  const header = npyHeader(descriptor, shape);
  const file = new Uint8Array(header.length + data.byteLength);
  file.set(header);
  file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), header.length);
  return file;
}

/**
 * What an .npy file begins with, version 1.0, C order, as long as a multiple of 64 bytes: the numbers follow.
 * @param descriptor NumPy's name of their type, such as "<f4".
 */
export function npyHeader(descriptor: Descriptor, shape: readonly number[]): Uint8Array<ArrayBuffer> {
  const tuple = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const text = `{'descr': '${descriptor}', 'fortran_order': False, 'shape': (${tuple}), }`;
  const padded = `${text.padEnd(Math.ceil((text.length + 11) / 64) * 64 - 11)}\n`;
  const header = new Uint8Array(10 + padded.length);
  for (const [i, character] of [...`${MAGIC}\x01\x00`].entries()) header[i] = character.charCodeAt(0);
  new DataView(header.buffer).setUint16(8, padded.length, true);
  for (let i = 0; i < padded.length; i++) header[10 + i] = padded.charCodeAt(i);
  return header;
}
