// The safetensors format: https://github.com/huggingface/safetensors#format
// 8 bytes little-endian header length, a JSON header, then the tensors' bytes.
import { FormatError } from './npy.ts';

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

/**
 * The float32 tensors of a file, and its metadata. The numbers of a tensor are copied when they are first asked for.
 * @throws FormatError when the file is damaged or two tensors share bytes; a tensor that is not float32 throws where
 * its `data` is asked for.
 */
export function readSafetensors(bytes: Uint8Array): {
  tensors: Record<string, { readonly data: Float32Array<ArrayBuffer>; shape: number[] }>;
  metadata: Record<string, string>;
} {
  if (bytes.length < 8) throw damaged('it ends inside its first 8 bytes');
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true));
  if (length > bytes.length - 8) throw damaged('its header is longer than the file');
  if (length > LONGEST_HEADER) throw damaged(`its header is longer than ${LONGEST_HEADER} bytes`);
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
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
  dtype: unknown;
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
  return { name, dtype, shape, from, to };
}

function tensorAt({ name, dtype, shape, from, to }: Place, content: Uint8Array) {
  let data: Float32Array<ArrayBuffer> | undefined;
  const read = () => {
    const called = `"${name.slice(0, 60)}"`;
    if (dtype !== 'F32')
      throw new FormatError(
        `The tensor ${called} is ${typeof dtype === 'string' ? dtype.slice(0, 20) : 'of no type'}; only float32 (F32) is read here.`,
      );
    if (to - from !== shape.reduce((product, dimension) => product * dimension, 4))
      throw damaged(`${called} is incomplete`);
    return new Float32Array(new Uint8Array(content.subarray(from, to)).buffer);
  };
  return {
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
