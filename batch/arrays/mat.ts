// MATLAB level 5: https://www.mathworks.com/help/pdf_doc/matlab/matfile_format.pdf. Only full numeric arrays are read;
// all else in a file is passed over.
import { FormatError } from '#shared/formats';
import { checkClaims, countOf, type Deflated, inflate, inflateStart, MOST_AXES } from './bounds.ts';
import { arrayOf, type NamedArray } from './named-array.ts';
import { inCOrder } from './strided.ts';

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
  /** What there is of it: less than `length` where only the beginning was unpacked. */
  content: Uint8Array;
  length: number;
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
  const arrays: NamedArray[] = [];
  const claims: number[] = [];
  for (const element of elements(bytes.subarray(128), little)) {
    const described = element.type === compressed ? describeCompressed(element, little) : describe(element, little);
    if (!described) continue;
    claims.push(described.claim);
    arrays.push(described.array);
  }
  checkClaims(claims, bytes);
  return arrays;
}

interface Described {
  array: NamedArray;
  /** Bytes of the element, unpacked. */
  claim: number;
}

/** A compressed element holds one other, whose tag says how long it is. */
function describeCompressed({ content }: Element, little: boolean): Described | null {
  const packed: Deflated = { bytes: content, raw: false, claim: 0 };
  const [inner] = elements(inflateStart(packed), little, true);
  if (!inner) return null;
  const claim = 8 + inner.length;
  const read = () => {
    const [whole] = elements(inflate({ ...packed, claim }), little);
    return whole;
  };
  return describe(inner, little, read);
}

function describe(element: Element, little: boolean, whole = () => element): Described | null {
  if (element.type !== matrix) return null;
  const [flags, dimensions, name] = elements(element.content, little, true);
  if (!flags || !dimensions || !name || !numeric.has(flags.content[little ? 0 : 3])) return null;
  if (dimensions.length > 4 * MOST_AXES) return null;
  const shape = [...values(dimensions, little, dimensions.length / 4)];
  const read = () => {
    const count = countOf(shape);
    const [, , , real] = elements(whole().content, little);
    const columnMajor = real && values(real, little, count);
    if (columnMajor?.length !== count)
      throw new FormatError('An array of this .mat file is complex or incomplete. Save its real part.');
    const strides = shape.map((_, axis) => shape.slice(0, axis).reduce((product, size) => product * size, 1));
    return inCOrder(columnMajor, count, shape, strides);
  };
  return { array: arrayOf(new TextDecoder().decode(name.content), shape, read), claim: element.length };
}

/** @param isPart whether the last element may lie partly beyond the bytes at hand */
function* elements(bytes: Uint8Array, little: boolean, isPart = false): Generator<Element> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  while (at + 8 <= bytes.length) {
    const tag = view.getUint32(at, little);
    // Up to four bytes of content may sit inside the tag itself, their count in its upper half.
    const small = tag >>> 16;
    const type = small ? tag & 0xffff : tag;
    const length = small || view.getUint32(at + 4, little);
    const start = at + (small ? 4 : 8);
    if (start + length > bytes.length && !isPart) throw new FormatError('This .mat file is cut off. Save it again.');
    yield { type, content: bytes.subarray(start, start + length), length };
    at = small ? at + 8 : start + (type === compressed ? length : Math.ceil(length / 8) * 8);
  }
}

/** At most one number more than `most`, so that too many are told by their count. */
function values({ type, content }: Element, little: boolean, most: number): Float64Array {
  const found = numbers[type];
  if (!found) throw new FormatError('An array of this .mat file has 64-bit integers. Save it as double or single.');
  const [width, read] = found;
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  const result = new Float64Array(Math.min(Math.floor(content.length / width), most + 1));
  for (let i = 0; i < result.length; i++) result[i] = read(view, i * width, little);
  return result;
}
