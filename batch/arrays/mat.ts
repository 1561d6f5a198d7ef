// MATLAB level 5: https://www.mathworks.com/help/pdf_doc/matlab/matfile_format.pdf. Only full arrays of real numbers
// are read; all else in a file is passed over. (Version 7.3 is HDF5.)
import { FormatError } from '#shared/formats';
import {
  checkClaims,
  countOf,
  type Deflated,
  inflate,
  MOST_AXES,
  MOST_ENTRIES,
  startsOf,
  tooManyEntries,
} from './bounds.ts';
import { type Contents, type NamedArray, typeName } from './named-array.ts';
import { inCOrder } from './strided.ts';

/** Types of a data element: how wide a number is, and how it is read. */
type Read = (view: DataView, at: number, little: boolean) => number;
const numbers: Record<number, [width: number, read: Read]> = {
  1: [1, (view, at) => view.getInt8(at)],
  2: [1, (view, at) => view.getUint8(at)],
  3: [2, (view, at, little) => view.getInt16(at, little)],
  4: [2, (view, at, little) => view.getUint16(at, little)],
  5: [4, (view, at, little) => view.getInt32(at, little)],
  6: [4, (view, at, little) => view.getUint32(at, little)],
  7: [4, (view, at, little) => view.getFloat32(at, little)],
  9: [8, (view, at, little) => view.getFloat64(at, little)],
  12: [8, (view, at, little) => Number(view.getBigInt64(at, little))],
  13: [8, (view, at, little) => Number(view.getBigUint64(at, little))],
};
const matrix = 14;
const compressed = 15;
/** Classes of arrays that hold numbers. */
const classes: Record<number, string> = {
  6: typeName('float', 8),
  7: typeName('float', 4),
  8: typeName('int', 1),
  9: typeName('uint', 1),
  10: typeName('int', 2),
  11: typeName('uint', 2),
  12: typeName('int', 4),
  13: typeName('uint', 4),
  14: typeName('int', 8),
  15: typeName('uint', 8),
};
/** Bits of an array's flags. */
const complex = 0x08;
const logical = 0x02;

interface Element {
  type: number;
  /** What there is of it: less than `length` where only the beginning was unpacked. */
  content: Uint8Array;
  length: number;
}

/** @throws FormatError when the file is of another version or damaged. */
export function readMat(bytes: Uint8Array): Contents {
  const mark = new TextDecoder('latin1').decode(bytes.subarray(126, 128));
  if (bytes.length < 128 || (mark !== 'IM' && mark !== 'MI'))
    throw new FormatError('This is no MATLAB file of level 5 or 7.3. Save it with -v7, or as .npy.');
  const little = mark === 'IM';
  const contents: Contents = { arrays: [], others: [] };
  const claims: number[] = [];
  const startOf = startsOf(bytes);
  for (const element of elements(bytes.subarray(128), little)) {
    const described =
      element.type === compressed ? describeCompressed(element, little, startOf) : describe(element, little);
    if (!described) continue;
    claims.push(described.claim);
    if (claims.length > MOST_ENTRIES) throw tooManyEntries();
    if ('why' in described) contents.others.push({ name: described.name, why: described.why });
    else contents.arrays.push(described.array);
  }
  checkClaims(claims, bytes);
  return contents;
}

/** An array, or why it is none of real numbers; `claim`: bytes of the element, unpacked. */
type Described = { array: NamedArray; claim: number } | { name: string; why: string; claim: number };

/** A compressed element holds one other, whose tag says how long it is. */
function describeCompressed(
  { content }: Element,
  little: boolean,
  startOf: ReturnType<typeof startsOf>,
): Described | null {
  const packed: Deflated = { bytes: content, raw: false, claim: 0 };
  const [inner] = elements(startOf(packed), little, true);
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
  if (!flags || !dimensions || !name) return null;
  const called = new TextDecoder().decode(name.content);
  const other = (why: string) => ({ name: called, why, claim: element.length });
  const type = classes[flags.content[little ? 0 : 3]];
  const bits = flags.content[little ? 1 : 2];
  if (!type || dimensions.length > 4 * MOST_AXES) return other('no array of numbers');
  if (bits & complex) return other('of complex numbers');
  if (bits & logical) return other('of true and false');
  const shape = [...values(dimensions, little, dimensions.length / 4)];
  const read = () => {
    const count = countOf(shape);
    const [, , , real] = elements(whole().content, little);
    const columnMajor = real && values(real, little, count);
    if (columnMajor?.length !== count)
      throw new FormatError('An array of this .mat file is incomplete. Save it again.');
    const strides = shape.map((_, axis) => shape.slice(0, axis).reduce((product, size) => product * size, 1));
    return inCOrder(columnMajor, count, shape, strides);
  };
  return { array: { name: called, shape, type, read: async () => read() }, claim: element.length };
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
  if (!found) throw new FormatError('An array of this .mat file has numbers of no known type. Save it again.');
  const [width, read] = found;
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  const result = new Float64Array(Math.min(Math.floor(content.length / width), most + 1));
  for (let i = 0; i < result.length; i++) result[i] = read(view, i * width, little);
  return result;
}
