// What torch.save writes since PyTorch 1.6: a zip with a pickle (data.pkl) that describes tensors, and one file of
// numbers for each storage.
import { FormatError } from '#shared/formats';
import type { NamedArray } from './named-array.ts';
import { Global, type Pickled, Reduced, Stored, unpickle } from './pickle.ts';
import { unzip } from './zip.ts';

const refused = (what: string) =>
  new FormatError(
    `This PyTorch file holds ${what}, and only tensors of real numbers are read here: nothing in it is run. Save the tensor alone, with torch.save(tensor.detach().cpu().float(), file), or as .npy.`,
  );

const storages: Record<string, (bytes: Uint8Array) => ArrayLike<number>> = {
  FloatStorage: (bytes) => new Float32Array(aligned(bytes)),
  DoubleStorage: (bytes) => new Float64Array(aligned(bytes)),
  HalfStorage: (bytes) => halves(new Uint16Array(aligned(bytes))),
  BFloat16Storage: (bytes) => brainFloats(new Uint16Array(aligned(bytes))),
  ByteStorage: (bytes) => bytes,
  CharStorage: (bytes) => new Int8Array(aligned(bytes)),
  ShortStorage: (bytes) => new Int16Array(aligned(bytes)),
  IntStorage: (bytes) => new Int32Array(aligned(bytes)),
};

const aligned = (bytes: Uint8Array) => new Uint8Array(bytes).buffer;

/**
 * The tensors of a file: a tensor alone, or those of a dict, named by their keys. @throws FormatError for anything
 * else.
 */
export function readPth(bytes: Uint8Array): NamedArray[] {
  if (bytes[0] !== 0x50 || bytes[1] !== 0x4b)
    throw new FormatError(
      'This PyTorch file is of the form before 1.6, or none at all. Load it in PyTorch and save the tensor again.',
    );
  const files = unzip(bytes);
  const pickle = Object.keys(files).find((name) => name.endsWith('/data.pkl') || name === 'data.pkl');
  if (!pickle) throw refused('no data.pkl');
  const folder = pickle.slice(0, -'data.pkl'.length);
  const order = files[`${folder}byteorder`];
  if (order && new TextDecoder().decode(order).trim() !== 'little') throw refused('big-endian numbers');
  return tensorsOf(unpickle(files[pickle]), 'tensor', (key) => files[`${folder}data/${key}`]);
}

function tensorsOf(value: Pickled, name: string, fileOf: (key: string) => Uint8Array | undefined): NamedArray[] {
  if (value instanceof Reduced) {
    const { path } = value.call;
    if (path === 'collections.OrderedDict')
      return value.entries.flatMap(([key, inner]) => tensorsOf(inner, String(key), fileOf));
    if (path === 'torch._utils._rebuild_parameter') return tensorsOf(value.args[0], name, fileOf);
    if (path === 'torch._utils._rebuild_tensor_v2') return [tensorOf(value.args, name, fileOf)];
  }
  if (value instanceof Map) return [...value].flatMap(([key, inner]) => tensorsOf(inner, String(key), fileOf));
  if (Array.isArray(value)) return value.flatMap((inner, i) => tensorsOf(inner, `${name} ${i}`, fileOf));
  // Epsilons, names and the like beside a tensor are no harm.
  return [];
}

function tensorOf(args: Pickled[], name: string, fileOf: (key: string) => Uint8Array | undefined): NamedArray {
  const [stored, offset, sizes, strides] = args;
  if (!(stored instanceof Stored) || typeof offset !== 'number' || !isCounts(sizes) || !isCounts(strides))
    throw refused('a tensor that cannot be understood');
  const [kind, storage, key] = stored.id;
  const type = storage instanceof Global ? storage.path.split('.').at(-1) : undefined;
  const read = type === undefined ? undefined : storages[type];
  if (kind !== 'storage' || !read) throw refused(`a tensor of ${type ?? 'an unknown type'}`);
  const file = fileOf(String(key));
  if (!file) throw refused('a tensor without its numbers');
  const numbers = read(file);
  const count = sizes.reduce((product, size) => product * size, 1);
  const last = sizes.reduce((at, size, axis) => at + (size - 1) * strides[axis], offset);
  if (count > 0 && last >= numbers.length) throw refused('a tensor that reaches beyond its numbers');
  const data = new Float64Array(count);
  const index = sizes.map(() => 0);
  for (let i = 0; i < count; i++) {
    data[i] = numbers[index.reduce((at, place, axis) => at + place * strides[axis], offset)];
    for (let axis = sizes.length - 1; axis >= 0 && ++index[axis] === sizes[axis]; axis--) index[axis] = 0;
  }
  return { name, data, shape: sizes };
}

const isCounts = (value: Pickled): value is number[] =>
  Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && (item as number) >= 0);

function halves(bits: Uint16Array): Float32Array {
  return Float32Array.from(bits, (half) => {
    const exponent = (half >>> 10) & 31;
    const fraction = half & 1023;
    const size =
      exponent === 0
        ? fraction * 2 ** -24
        : exponent === 31
          ? fraction
            ? Number.NaN
            : Infinity
          : (1 + fraction / 1024) * 2 ** (exponent - 15);
    return half >>> 15 ? -size : size;
  });
}

function brainFloats(bits: Uint16Array): Float32Array {
  return new Float32Array(Uint32Array.from(bits, (value) => value << 16).buffer);
}
