// What is done with an HDF5 file in its process: arguments and results are plain data.
import { type Metadata, ready } from 'h5wasm';
import { UsageError } from '#shared/errors';
import { float16 } from '#shared/formats';
import { countOf } from './bounds.ts';
import { type Numbers, typeName } from './named-array.ts';
import { inCOrder } from './strided.ts';

export interface Dataset {
  name: string;
  shape: number[];
  type: string;
  /** Whether MATLAB wrote it: the first axis varies fastest, and the file has the axes the other way round. */
  matlab: boolean;
}

type Library = Awaited<typeof ready>;

/** Node has it; Node's types do not. */
declare const WebAssembly: { Memory: { prototype: { grow(this: { buffer: ArrayBuffer }, pages: number): number } } };

/** Bytes that the library may take for what a file claims; it says that there are no more, and the library gives up. */
const MOST_MEMORY = 2 ** 29;
/** Groups and datasets of a file: a network has some hundred. */
const MOST_NAMES = 10_000;
/** Groups in groups: nobody makes more. */
const DEEPEST = 64;

const grow = WebAssembly.Memory.prototype.grow;
WebAssembly.Memory.prototype.grow = function (pages) {
  if (this.buffer.byteLength + 65_536 * pages > MOST_MEMORY) throw new RangeError('too much memory');
  return grow.call(this, pages);
};

/** Opens the file once: the process works on one. @throws UsageError */
let opened: { library: Library; file: bigint } | undefined;
async function open(bytes: Uint8Array): Promise<{ library: Library; file: bigint }> {
  if (opened) return opened;
  const library = await ready;
  // Else it prints what is wrong, and goes on with whatever lay in its memory.
  library.activate_throwing_error_handler();
  library.FS.writeFile('/file', bytes);
  const { H5F_ACC_RDONLY, H5F_LIBVER_EARLIEST, H5F_LIBVER_LATEST } = library;
  const file = saying('It cannot be opened', () =>
    library.open('/file', H5F_ACC_RDONLY, false, H5F_LIBVER_EARLIEST, H5F_LIBVER_LATEST),
  );
  opened = { library, file };
  return opened;
}

/** Every dataset of numbers, and what else there is. @throws UsageError */
export async function list(
  bytes: Uint8Array,
): Promise<{ datasets: Dataset[]; others: { name: string; why: string }[] }> {
  const { library, file } = await open(bytes);
  const names = saying('Its contents cannot be listed', () => library.get_names(file, '/', true));
  if (names.length > MOST_NAMES)
    throw new UsageError(`It has ${names.length} groups and arrays, and at most ${MOST_NAMES} are looked at.`);
  const datasets: Dataset[] = [];
  const others: { name: string; why: string }[] = [];
  for (const name of names) {
    // MATLAB keeps the insides of cells and objects there; and each step of a path takes its time.
    if (/^#(refs|subsystem)#/.test(name) || name.split('/').length > DEEPEST) continue;
    try {
      if (library.get_type(file, `/${name}`) !== library.H5G_DATASET) continue;
      datasets.push(describe(library, file, name));
    } catch (error) {
      others.push({ name, why: reasonOf(error) });
    }
  }
  return { datasets, others };
}

/** Filters that the library has: deflate, shuffle, fletcher32, nbit, scaleoffset. */
const filters = new Set([1, 2, 3, 5, 6]);

function describe(library: Library, file: bigint, name: string): Dataset {
  const path = `/${name}`;
  const metadata = library.get_dataset_metadata(file, path);
  const { shape } = metadata;
  const kind = matlabClass(library, file, path);
  if (kind === 'logical') throw new UsageError('of true and false');
  const type = kindOf(library, metadata);
  if (!type || !shape || kind === 'char' || kind === 'cell') throw new UsageError('no array of real numbers');
  if (metadata.virtual_sources?.length) throw new UsageError('its numbers lie in other files');
  const packed = library.get_dataset_filters(file, path).find(({ id }) => !filters.has(id));
  if (packed) throw new UsageError(`packed with the filter ${packed.name || packed.id}, which is not read here`);
  return { name, shape: kind === null ? shape : shape.toReversed(), type, matlab: kind !== null };
}

function kindOf(library: Library, { type, size, signed, vlen }: Metadata): string | null {
  const { H5T_INTEGER, H5T_FLOAT } = library.H5T_class_t;
  if (vlen) return null;
  if (type === H5T_INTEGER.value && [1, 2, 4, 8].includes(size)) return typeName(signed ? 'int' : 'uint', size);
  return type === H5T_FLOAT.value && [2, 4, 8].includes(size) ? typeName('float', size) : null;
}

/** What MATLAB says that an array is; null where another program wrote it. */
function matlabClass(library: Library, file: bigint, path: string): string | null {
  const name = 'MATLAB_class';
  if (!library.get_attribute_names(file, path).includes(name)) return null;
  const { size, total_size, vlen } = library.get_attribute_metadata(file, path, name);
  if (vlen || size * total_size > 100) return null;
  const bytes = withMemory(library, size * total_size, (at) => library.get_attribute_data(file, path, name, at));
  return new TextDecoder('latin1').decode(bytes).replace(/\0.*/s, '');
}

/** The numbers of one dataset, in C order. @throws UsageError */
export async function read(bytes: Uint8Array, { name, matlab }: Dataset): Promise<Numbers> {
  const { library, file } = await open(bytes);
  const path = `/${name}`;
  return saying(`Its array "${name}" cannot be read`, () => {
    const metadata = library.get_dataset_metadata(file, path);
    const shape = metadata.shape ?? [0];
    const count = countOf(shape);
    const content = withMemory(library, count * metadata.size, (at) =>
      library.get_dataset_data(file, path, null, null, null, at),
    );
    const numbers = numbersOf(kindOf(library, metadata), content.buffer);
    if (!matlab) return numbers;
    const inMatlab = shape.toReversed();
    const strides = inMatlab.map((_, axis) => inMatlab.slice(0, axis).reduce((product, side) => product * side, 1));
    return inCOrder(numbers, count, inMatlab, strides);
  });
}

/** The library hands them over as little-endian, whatever the file has. */
function numbersOf(type: string | null, bytes: ArrayBuffer): Numbers {
  switch (type) {
    case 'float16':
      return float16(new Uint16Array(bytes));
    case 'float32':
      return new Float32Array(bytes);
    case 'float64':
      return new Float64Array(bytes);
    case 'int8':
      return new Int8Array(bytes);
    case 'uint8':
      return new Uint8Array(bytes);
    case 'int16':
      return new Int16Array(bytes);
    case 'uint16':
      return new Uint16Array(bytes);
    case 'int32':
      return new Int32Array(bytes);
    case 'uint32':
      return new Uint32Array(bytes);
    case 'int64':
      return new BigInt64Array(bytes);
    case 'uint64':
      return new BigUint64Array(bytes);
    default:
      throw new UsageError('it is no array of real numbers');
  }
}

/** Bytes that the library writes. @throws UsageError where it has no memory for them, or fails. */
function withMemory(library: Library, bytes: number, write: (at: bigint) => number): Uint8Array<ArrayBuffer> {
  const at = library._malloc(Math.max(1, bytes));
  if (at === 0) throw new UsageError('it needs more memory than such a file may');
  try {
    if (write(BigInt(at)) < 0) throw new UsageError('the library of the format refuses it');
    // Its memory may have grown, and with it moved.
    return new Uint8Array(library.HEAPU8.subarray(at, at + bytes));
  } finally {
    library._free(at);
  }
}

function saying<T>(what: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new UsageError(`${what}: ${reasonOf(error).replace(/\.$/, '')}.`);
  }
}

/** Of the library's long account, which goes from the outermost call inwards, what went wrong at the bottom of it. */
function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  if (!message.startsWith('HDF5-DIAG')) return message;
  return [...message.matchAll(/\(\): (.*)/g)].at(-1)?.[1] ?? 'the library of the format refuses it';
}
