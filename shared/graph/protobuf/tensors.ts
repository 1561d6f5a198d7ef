// Tensors of ONNX files. Weights make up nearly all of a file, so they are neither copied nor converted before somebody
// looks at them.
import { create } from '@bufbuild/protobuf';
import { type TensorProto, TensorProto_DataLocation, TensorProtoSchema } from 'onnx-buf';
import { GraphError } from '../errors.ts';
import { mostAxes } from '../model.ts';
import {
  allocate,
  extentOf,
  fromBytes,
  isNumeric,
  type NumericType,
  sizeOf,
  type Tensor,
  type TensorData,
} from '../tensor.ts';
import { typeName, typeNumber } from './element-types.ts';

/** Gives the bytes of a file that weights lie in, by the location that the model names. */
export type ExternalData = (location: string) => Uint8Array;

// The bytes that a tensor was read from, for as long as it is the same: writing it again copies them as they are.
const stored = new WeakMap<Tensor, Uint8Array>();

export function readTensor(proto: TensorProto, where: string, external?: ExternalData): Tensor {
  const shape = proto.dims.map(Number);
  const length = sizeOf(shape);
  if (shape.length > mostAxes || !shape.every((dim) => Number.isSafeInteger(dim) && dim >= 0) || !fits(shape)) {
    throw new GraphError(
      `The ${where} claims the impossible shape [${shape.slice(0, mostAxes)}]. The file is damaged: fetch or export it again.`,
    );
  }
  const outside = proto.dataLocation === TensorProto_DataLocation.EXTERNAL || proto.externalData.length > 0;
  const raw = outside ? externalBytes(proto, where, external) : proto.rawData;
  const type = typeName(proto.dataType);
  const mismatch = (count: number) =>
    new GraphError(
      `The ${where} has ${count} elements where its shape [${shape}] needs ${length}. The file is damaged: fetch or export it again.`,
    );
  if (!isNumeric(type)) return { type, shape, data: raw };
  const half = proto.dataType === 10 || proto.dataType === 16;
  if (raw.length > 0 && !half) {
    const width = allocate(type, 0).BYTES_PER_ELEMENT;
    if (Math.floor(raw.length / width) !== length) throw mismatch(Math.floor(raw.length / width));
    return storedTensor(type, shape, raw.subarray(0, length * width));
  }
  const data = half ? widened(proto, raw) : listed(proto, type);
  if (data.length !== length) throw mismatch(data.length);
  return { type, shape, data };
}

/**
 * An empty tensor has no bytes to pay for its other sizes, over which loops turn all the same: those of real files,
 * such as the left-out region of a Resize, have none worth speaking of.
 */
const largestEmpty = 2 ** 20;

function fits(shape: number[]): boolean {
  const extent = extentOf(shape);
  return Number.isSafeInteger(extent) && (extent <= largestEmpty || sizeOf(shape) > 0);
}

/** A tensor whose elements are made from its bytes when they are first asked for. */
function storedTensor(type: NumericType, shape: number[], bytes: Uint8Array): Tensor {
  let data: TensorData | undefined;
  const tensor: Tensor = {
    type,
    shape,
    get data() {
      data ??= fromBytes(type, bytes);
      return data;
    },
  };
  stored.set(tensor, bytes);
  return tensor;
}

function externalBytes(proto: TensorProto, where: string, external: ExternalData | undefined): Uint8Array {
  const entries = Object.fromEntries(proto.externalData.map(({ key, value }) => [key, value]));
  const location = entries.location ?? '';
  if (!external) {
    throw new GraphError(
      `The ${where} lies outside the model, in "${location}". Read the model with that file beside it, or save it as one file, for example onnx.save(model, path, save_as_external_data=False).`,
    );
  }
  const file = external(location);
  const [offset, length] = [
    Number(entries.offset ?? 0),
    entries.length === undefined ? undefined : Number(entries.length),
  ];
  const end = length === undefined ? file.length : offset + length;
  if (
    !(Number.isSafeInteger(offset) && offset >= 0 && Number.isSafeInteger(end) && end >= offset && end <= file.length)
  )
    throw new GraphError(
      `The ${where} lies at bytes ${offset} to ${end} of "${location}", which has ${file.length}. The two files do not belong together: export the model again.`,
    );
  return file.subarray(offset, end);
}

function listed(proto: TensorProto, type: NumericType): TensorData {
  if (type === 'int64') return BigInt64Array.from(proto.int64Data);
  if (type === 'uint64') return BigUint64Array.from(proto.uint64Data);
  const values =
    type === 'float32'
      ? proto.floatData
      : type === 'float64'
        ? proto.doubleData
        : type === 'uint32'
          ? proto.uint64Data.map(Number)
          : proto.int32Data;
  const data = allocate(type, values.length);
  values.forEach((value, i) => {
    data[i] = value;
  });
  return data;
}

/** float16 and bfloat16 as float32. */
function widened(proto: TensorProto, raw: Uint8Array): Float32Array {
  const bits =
    raw.length > 0 ? new Uint16Array(new Uint8Array(raw.subarray(0, raw.length & ~1)).buffer) : proto.int32Data;
  return Float32Array.from(bits, proto.dataType === 10 ? fromHalf : fromBrainFloat);
}

function fromHalf(bits: number): number {
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  const magnitude =
    exponent === 0
      ? fraction * 2 ** -24
      : exponent === 31
        ? fraction
          ? Number.NaN
          : Number.POSITIVE_INFINITY
        : (1 + fraction / 1024) * 2 ** (exponent - 15);
  return bits & 0x8000 ? -magnitude : magnitude;
}

function fromBrainFloat(bits: number): number {
  return new Float32Array(new Uint32Array([(bits & 0xffff) << 16]).buffer)[0];
}

/** The elements as a file has them, little-endian. */
export const bytesOf = (tensor: Tensor): Uint8Array<ArrayBuffer> => {
  const { buffer, byteOffset, byteLength } = stored.has(tensor) ? (stored.get(tensor) as Uint8Array) : tensor.data;
  return new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
};

/** Everything but the elements. */
export const tensorHeader = (name: string, { type, shape }: Tensor): TensorProto =>
  create(TensorProtoSchema, { name, dims: shape.map(BigInt), dataType: typeNumber(type) });

export function writeTensor(name: string, tensor: Tensor): TensorProto {
  const proto = tensorHeader(name, tensor);
  proto.rawData = bytesOf(tensor);
  return proto;
}
