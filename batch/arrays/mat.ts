// MATLAB level 5: https://www.mathworks.com/help/pdf_doc/matlab/matfile_format.pdf. Only full numeric arrays are read;
// all else in a file is passed over.
import { inflateSync } from 'node:zlib';
import { FormatError } from '#shared/formats';
import type { NamedArray } from './named-array.ts';

/** Types of a data element: how wide a number is, and how it is read. */
const numbers: Record<number, [width: number, read: (view: DataView, at: number, little: boolean) => number]> = {
  1: [1, (view, at) => view.getInt8(at)],
  2: [1, (view, at) => view.getUint8(at)],
  3: [2, (view, at, little) => view.getInt16(at, little)],
  4: [2, (view, at, little) => view.getUint16(at, little)],
  5: [4, (view, at, little) => view.getInt32(at, little)],
  6: [4, (view, at, little) => view.getUint32(at, little)],
  7: [4, (view, at, little) => view.getFloat32(at, little)],
  9: [8, (view, at, little) => view.getFloat64(at, little)],
};
const matrix = 14;
const compressed = 15;
/** Classes of arrays that hold numbers: double, single and the integers up to 32 bits. */
const numeric = new Set([6, 7, 8, 9, 10, 11, 12, 13]);

interface Element {
  type: number;
  content: Uint8Array;
}

/** @throws FormatError when the file is of another version or damaged. */
export function readMat(bytes: Uint8Array): NamedArray[] {
  const text = new TextDecoder('latin1').decode(bytes.subarray(0, 116));
  if (text.startsWith('MATLAB 7.3'))
    throw new FormatError('This .mat file is of version 7.3, which is HDF5. Save it with -v7, or as .npy.');
  const mark = new TextDecoder('latin1').decode(bytes.subarray(126, 128));
  if (bytes.length < 128 || (mark !== 'IM' && mark !== 'MI'))
    throw new FormatError('This is no MATLAB level 5 file. Save it with -v7, or as .npy.');
  const little = mark === 'IM';
  return [...elements(bytes.subarray(128), little)].flatMap((element) => arraysOf(element, little));
}

function arraysOf({ type, content }: Element, little: boolean): NamedArray[] {
  if (type === compressed) {
    const [inner] = elements(new Uint8Array(inflateSync(content)), little);
    return inner ? arraysOf(inner, little) : [];
  }
  if (type !== matrix) return [];
  const [flags, dimensions, name, real] = elements(content, little);
  if (!numeric.has(flags.content[little ? 0 : 3]) || !real) return [];
  const shape = [...values(dimensions, little)];
  const columnMajor = values(real, little);
  if (shape.reduce((product, size) => product * size, 1) !== columnMajor.length)
    throw new FormatError('An array of this .mat file is complex or incomplete. Save its real part.');
  return [{ name: new TextDecoder().decode(name.content), data: rowMajor(columnMajor, shape), shape }];
}

function* elements(bytes: Uint8Array, little: boolean): Generator<Element> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  while (at + 8 <= bytes.length) {
    const tag = view.getUint32(at, little);
    // Up to four bytes of content may sit inside the tag itself, their count in its upper half.
    const small = tag >>> 16;
    const type = small ? tag & 0xffff : tag;
    const length = small || view.getUint32(at + 4, little);
    const start = at + (small ? 4 : 8);
    if (start + length > bytes.length) throw new FormatError('This .mat file is cut off. Save it again.');
    yield { type, content: bytes.subarray(start, start + length) };
    at = small ? at + 8 : start + (type === compressed ? length : Math.ceil(length / 8) * 8);
  }
}

function values({ type, content }: Element, little: boolean): Float64Array {
  const found = numbers[type];
  if (!found) throw new FormatError('An array of this .mat file has 64-bit integers. Save it as double or single.');
  const [width, read] = found;
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  return Float64Array.from({ length: content.length / width }, (_, i) => read(view, i * width, little));
}

function rowMajor(data: Float64Array, shape: number[]): Float64Array {
  const result = new Float64Array(data.length);
  const index = shape.map(() => 0);
  for (let from = 0; from < data.length; from++) {
    result[index.reduce((to, i, axis) => to * shape[axis] + i, 0)] = data[from];
    for (let axis = 0; axis < shape.length && ++index[axis] === shape[axis]; axis++) index[axis] = 0;
  }
  return result;
}
