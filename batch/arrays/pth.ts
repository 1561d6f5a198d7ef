// What torch.save writes since PyTorch 1.6: a zip with a pickle (data.pkl) that describes tensors, and one file of
// numbers for each storage.
import { bfloat16, FormatError, float16 } from '#shared/formats';
import { checkClaims, countOf, MOST_AXES, MOST_ENTRIES, tooManyEntries } from './bounds.ts';
import { type Contents, type NamedArray, type Numbers, typeName } from './named-array.ts';
import { Global, type Pickled, Reduced, Stored, unpickle } from './pickle.ts';
import { inCOrder } from './strided.ts';
import { unzip, type ZipEntry } from './zip.ts';

const refused = (what: string) =>
  new FormatError(
    `This PyTorch file holds ${what}, and only tensors of real numbers are read here: nothing in it is run. Save the tensor alone, with torch.save(tensor.detach().cpu().float(), file), or as .npy.`,
  );

/** How wide a number is, what kind it is of, and how the bytes of a storage become numbers. */
const storages = new Map<string, [width: number, kind: 'int' | 'uint' | 'float', read: (bytes: Uint8Array) => Numbers]>(
  [
    ['FloatStorage', [4, 'float', (bytes) => new Float32Array(aligned(bytes))]],
    ['DoubleStorage', [8, 'float', (bytes) => new Float64Array(aligned(bytes))]],
    ['HalfStorage', [2, 'float', (bytes) => float16(new Uint16Array(aligned(bytes)))]],
    ['BFloat16Storage', [2, 'float', (bytes) => bfloat16(new Uint16Array(aligned(bytes)))]],
    ['ByteStorage', [1, 'uint', (bytes) => bytes]],
    ['CharStorage', [1, 'int', (bytes) => new Int8Array(aligned(bytes))]],
    ['ShortStorage', [2, 'int', (bytes) => new Int16Array(aligned(bytes))]],
    ['IntStorage', [4, 'int', (bytes) => new Int32Array(aligned(bytes))]],
    ['LongStorage', [8, 'int', (bytes) => new BigInt64Array(aligned(bytes))]],
  ],
);

const aligned = (bytes: Uint8Array) => new Uint8Array(bytes).buffer;

/**
 * The tensors of a file: a tensor alone, or those of a dict, named by their keys; numbers and texts beside them are
 * passed over. @throws FormatError for anything else.
 */
export function readPth(bytes: Uint8Array): Contents {
  if (bytes[0] !== 0x50 || bytes[1] !== 0x4b)
    throw new FormatError(
      'This PyTorch file is of the form before 1.6, or none at all. Load it in PyTorch and save the tensor again.',
    );
  const files = unzip(bytes);
  const pickle = [...files.keys()].find((name) => name.endsWith('/data.pkl') || name === 'data.pkl');
  if (pickle === undefined) throw refused('no data.pkl');
  const described = files.get(pickle)!;
  if (described.size > LARGEST_PICKLE) throw refused('a data.pkl that is longer than one of tensors is');
  const folder = pickle.slice(0, -'data.pkl'.length);
  const order = files.get(`${folder}byteorder`);
  if (order && new TextDecoder().decode(order.start()).trim() !== 'little') throw refused('big-endian numbers');
  const tensors = tensorsOf(unpickle(described.read()), (key) => files.get(`${folder}data/${key}`));
  checkClaims(
    tensors.map(({ claim }) => claim),
    bytes,
  );
  return {
    arrays: tensors.flatMap(({ array }) => (array ? [array] : [])),
    others: tensors.flatMap(({ array, name, why }) => (array ? [] : [{ name, why }])),
  };
}

/** A tensor takes some hundred bytes of it. */
const LARGEST_PICKLE = 16e6;
/** Dicts in dicts in lists: nobody saves them deeper. */
const DEEPEST = 64;

interface Described {
  name: string;
  /** null where it is none of real numbers, and `why`. */
  array: NamedArray | null;
  why: string;
  /** Bytes, as its storage has them: of all tensors that lie beside each other, no more than the file has. */
  claim: number;
}

type FileOf = (key: string) => ZipEntry | undefined;

/** Whatever holds others is looked into once, however often it is referred to; a tensor has a name each time. */
function tensorsOf(root: Pickled, fileOf: FileOf): Described[] {
  const found: Described[] = [];
  const seen = new Set<Pickled>();
  const visit = (value: Pickled, name: string, depth: number): void => {
    if (depth > DEEPEST) throw refused('lists in lists without end');
    if (found.length > MOST_ENTRIES) throw tooManyEntries();
    if (value instanceof Reduced) {
      const { path } = value.call;
      if (path === 'torch._utils._rebuild_tensor_v2') found.push(tensorOf(value.args, name, fileOf));
      else if (path === 'torch._utils._rebuild_parameter') visit(value.args[0] ?? null, name, depth + 1);
    }
    if (typeof value !== 'object' || value === null || seen.has(value)) return;
    seen.add(value);
    // Epsilons, names and the like beside a tensor are no harm.
    const entries = value instanceof Reduced ? value.entries : value instanceof Map ? value : [];
    for (const [key, inner] of entries) visit(inner, nameOf(key), depth + 1);
    if (Array.isArray(value)) for (const [i, inner] of value.entries()) visit(inner, `${name} ${i}`, depth + 1);
  };
  visit(root, 'tensor', 0);
  return found;
}

/** Only of what is a name: what holds others may be longer in words than all memory. */
const nameOf = (key: Pickled) => (typeof key === 'string' || typeof key === 'number' ? String(key) : 'unnamed');

function tensorOf(args: Pickled[], name: string, fileOf: FileOf): Described {
  const [stored, offset, sizes, strides] = args;
  if (!(stored instanceof Stored) || !isCount(offset) || !isCounts(sizes) || !isCounts(strides))
    throw refused('a tensor that cannot be understood');
  if (strides.length !== sizes.length) throw refused('a tensor that cannot be understood');
  const [kind, storage, key] = stored.id;
  const type = storage instanceof Global ? storage.path.split('.').at(-1)! : 'an unknown type';
  const file = fileOf(nameOf(key));
  const [width, sort, numbersOf] = storages.get(type) ?? [];
  const claim = sizes.reduce((product, size) => product * size, width ?? 1);
  if (kind !== 'storage' || !width || !sort || !numbersOf)
    return { name, array: null, why: `of the type ${type}`, claim };
  const read = async () => {
    if (!file) throw refused('a tensor without its numbers');
    const count = countOf(sizes);
    const last = sizes.reduce((at, size, axis) => at + (size - 1) * strides[axis], offset);
    if (count > 0 && last >= Math.floor(file.size / width)) throw refused('a tensor that reaches beyond its numbers');
    if (count === 0) return new Float64Array(0);
    return inCOrder(numbersOf(file.read()), count, sizes, strides, offset);
  };
  return { name, array: { name, shape: sizes, type: typeName(sort, width), read }, why: '', claim };
}

const isCount = (value: Pickled): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isCounts = (value: Pickled): value is number[] =>
  Array.isArray(value) && value.length <= MOST_AXES && value.every(isCount);
