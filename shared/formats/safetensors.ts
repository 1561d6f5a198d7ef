// The safetensors format: https://github.com/huggingface/safetensors#format
// 8 bytes little-endian header length, a JSON header, then the tensors' bytes.
import { bfloat16, float16 } from './half.ts';
import { checkJson } from './json.ts';
import { FormatError, type TypedArray } from './npy.ts';

export interface FloatTensor {
  data: Float32Array;
  shape: readonly number[];
}

/**
 * float32 tensors by name, with string metadata; tensors lie in the order of their names, the header is padded so that
 * data is 8-aligned.
 */
export function writeSafetensors(
  tensors: Record<string, FloatTensor>,
  metadata: Record<string, string> = {},
): Uint8Array<ArrayBuffer> {
  const names = Object.keys(tensors).sort();
  const header: Record<string, unknown> = { __metadata__: metadata };
  let offset = 0;
  for (const name of names) {
    const { data, shape } = tensors[name];
    if (shape.reduce((product, dimension) => product * dimension, 1) !== data.length) {
      throw new FormatError(`The tensor "${name}" of ${data.length} values does not have shape [${shape.join(', ')}].`);
    }
    header[name] = { dtype: 'F32', shape, data_offsets: [offset, offset + data.byteLength] };
    offset += data.byteLength;
  }
  const encoder = new TextEncoder();
  const json = encoder.encode(JSON.stringify(header));
  const length = Math.ceil(json.length / 8) * 8;
  const file = new Uint8Array(8 + length + offset).fill(0x20, 8, 8 + length);
  new DataView(file.buffer).setBigUint64(0, BigInt(length), true);
  file.set(json, 8);
  let position = 8 + length;
  for (const name of names) {
    const { data } = tensors[name];
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), position);
    position += data.byteLength;
  }
  return file;
}

/** Names and shapes of a hundred thousand tensors; JSON takes many times its bytes when it is parsed. */
const LONGEST_HEADER = 8e6;
const MOST_AXES = 64;

/** One tensor of a file. */
export interface Tensor {
  /** The format's name of its type: "F32", "BF16", "BOOL", … */
  dtype: string;
  shape: number[];
  /** float16 and bfloat16 as float32. @throws FormatError where its type is none of numbers, or it is incomplete. */
  readonly data: TypedArray;
}

/**
 * The float32 tensors of a file, and its metadata. The numbers of a tensor are copied when they are first asked for.
 * @throws FormatError when the file is damaged or two tensors share bytes; a tensor that is not float32 throws where
 * its `data` is asked for.
 */
export function readSafetensors(bytes: Uint8Array): {
  tensors: Record<string, { readonly data: Float32Array<ArrayBuffer>; shape: number[] }>;
  metadata: Record<string, string>;
} {
  const { tensors, metadata } = readTensors(bytes);
  const float32 = ([name, tensor]: [string, Tensor]) => [
    name,
    {
      shape: tensor.shape,
      get data() {
        if (tensor.dtype === 'F32') return tensor.data as Float32Array<ArrayBuffer>;
        throw new FormatError(`The tensor "${name.slice(0, 60)}" is ${tensor.dtype}; only float32 (F32) is read here.`);
      },
    },
  ];
  return { tensors: Object.fromEntries(Object.entries(tensors).map(float32)), metadata };
}

/**
 * The tensors of a file, of whatever type, and its metadata.
 * @throws FormatError when the file is damaged or two tensors share bytes; a tensor of another type than numbers throws
 * where its `data` is asked for.
 */
export function readTensors(bytes: Uint8Array): { tensors: Record<string, Tensor>; metadata: Record<string, string> } {
  if (bytes.length < 8) throw damaged('it ends inside its first 8 bytes');
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true));
  if (length > bytes.length - 8) throw damaged('its header is longer than the file');
  if (length > LONGEST_HEADER) throw damaged(`its header is longer than ${LONGEST_HEADER} bytes`);
  const text = bytes.subarray(8, 8 + length);
  let header: unknown;
  try {
    checkJson(text);
    header = JSON.parse(new TextDecoder().decode(text));
  } catch {
    throw damaged('its header is not JSON');
  }
  if (header === null || typeof header !== 'object') throw damaged('its header is not a JSON object');
  const { __metadata__: metadata = {}, ...entries } = header as Record<string, unknown>;
  const content = bytes.subarray(8 + length);
  const places = Object.entries(entries).map(([name, entry]) => placeOf(name, entry, content.length));
  const inOrder = places.filter(({ from, to }) => to > from).sort((a, b) => a.from - b.from);
  const shared = inOrder.find(({ from }, i) => i > 0 && from < inOrder[i - 1].to);
  if (shared) throw damaged(`"${shared.name.slice(0, 60)}" shares bytes with another tensor`);
  return {
    tensors: Object.fromEntries(places.map((place) => [place.name, tensorAt(place, content)])),
    metadata: metadata as Record<string, string>,
  };
}

interface Place {
  name: string;
  dtype: string;
  shape: number[];
  /** Bytes behind the header. */
  from: number;
  to: number;
}

const damaged = (why: string) => new FormatError(`This safetensors file is damaged: ${why}. Fetch or save it again.`);

function placeOf(name: string, entry: unknown, bytes: number): Place {
  const { dtype, shape, data_offsets: range } = (entry ?? {}) as Record<string, unknown>;
  const called = `"${name.slice(0, 60)}"`;
  if (!isCounts(shape) || shape.length > MOST_AXES || !isCounts(range) || range.length !== 2)
    throw damaged(`${called} has no shape or no place`);
  const [from, to] = range;
  if (from > to || to > bytes) throw damaged(`${called} is incomplete`);
  return { name, dtype: typeof dtype === 'string' ? dtype.slice(0, 20) : 'of no type', shape, from, to };
}

/** Types that are read: how wide a number is, and how bytes become numbers. Always little-endian. */
const types = new Map<string, [width: number, numbers: (bytes: ArrayBuffer) => TypedArray]>([
  ['F32', [4, (bytes) => new Float32Array(bytes)]],
  ['F64', [8, (bytes) => new Float64Array(bytes)]],
  ['F16', [2, (bytes) => float16(new Uint16Array(bytes))]],
  ['BF16', [2, (bytes) => bfloat16(new Uint16Array(bytes))]],
  ['I8', [1, (bytes) => new Int8Array(bytes)]],
  ['U8', [1, (bytes) => new Uint8Array(bytes)]],
  ['I16', [2, (bytes) => new Int16Array(bytes)]],
  ['U16', [2, (bytes) => new Uint16Array(bytes)]],
  ['I32', [4, (bytes) => new Int32Array(bytes)]],
  ['U32', [4, (bytes) => new Uint32Array(bytes)]],
  ['I64', [8, (bytes) => new BigInt64Array(bytes)]],
  ['U64', [8, (bytes) => new BigUint64Array(bytes)]],
]);

function tensorAt({ name, dtype, shape, from, to }: Place, content: Uint8Array): Tensor {
  let data: TypedArray | undefined;
  const read = () => {
    const called = `"${name.slice(0, 60)}"`;
    const [width, numbers] = types.get(dtype) ?? [];
    if (!width || !numbers)
      throw new FormatError(`The tensor ${called} is ${dtype}, which is not read here. Save it as float32 (F32).`);
    if (to - from !== shape.reduce((product, dimension) => product * dimension, width))
      throw damaged(`${called} is incomplete`);
    return numbers(new Uint8Array(content.subarray(from, to)).buffer);
  };
  return {
    dtype,
    shape,
    get data() {
      data ??= read();
      return data;
    },
  };
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0);
}
