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

/**
 * The float32 tensors of a file, and its metadata.
 * @throws FormatError when the file is damaged or a tensor is not float32.
 */
export function readSafetensors(bytes: Uint8Array): {
  tensors: Record<string, { data: Float32Array<ArrayBuffer>; shape: number[] }>;
  metadata: Record<string, string>;
} {
  const damaged = (why: string) => new FormatError(`This safetensors file is damaged: ${why}. Fetch or save it again.`);
  if (bytes.length < 8) throw damaged('it ends inside its first 8 bytes');
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true));
  if (length > bytes.length - 8) throw damaged('its header is longer than the file');
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
  } catch {
    throw damaged('its header is not JSON');
  }
  if (header === null || typeof header !== 'object') throw damaged('its header is not a JSON object');
  const { __metadata__: metadata = {}, ...entries } = header as Record<string, unknown>;
  const tensors: Record<string, { data: Float32Array<ArrayBuffer>; shape: number[] }> = {};
  for (const [name, entry] of Object.entries(entries)) {
    const { dtype, shape, data_offsets: range } = (entry ?? {}) as Record<string, unknown>;
    if (!isCounts(shape) || !isCounts(range) || range.length !== 2) throw damaged(`"${name}" has no shape or no place`);
    if (dtype !== 'F32') throw new FormatError(`The tensor "${name}" is ${dtype}; only float32 (F32) is read here.`);
    const data = new Uint8Array(bytes.subarray(8 + length + range[0], 8 + length + range[1]));
    if (data.length !== 4 * shape.reduce((product, dimension) => product * dimension, 1))
      throw damaged(`"${name}" is incomplete`);
    tensors[name] = { data: new Float32Array(data.buffer), shape };
  }
  return { tensors, metadata: metadata as Record<string, string> };
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0);
}
