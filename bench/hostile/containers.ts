/** The containers that arrays come in, written with any lie in any field. */
import { deflateRawSync } from 'node:zlib';

const latin1 = (text: string) => Buffer.from(text, 'latin1');

/** @param headerBytes what the file says of the length of its header, in version 2 */
export function npy(header: string, data: Uint8Array = new Uint8Array(0), headerBytes?: number): Uint8Array {
  const body = latin1(header);
  const length = Buffer.alloc(4);
  length.writeUInt32LE((headerBytes ?? body.length) >>> 0);
  return Buffer.concat([latin1('\x93NUMPY\x02\x00'), length, body, data]);
}

export const npyHeader = (dtype: string, shape: string, fortran = false) =>
  `{'descr': '${dtype}', 'fortran_order': ${fortran ? 'True' : 'False'}, 'shape': (${shape}), }`;

export interface Entry {
  name: string;
  content: Uint8Array;
  deflate?: boolean;
  /** What the directory says of it. */
  method?: number;
  size?: number;
  packed?: number;
  /** Where it says that the entry lies: that of another one, for example. */
  local?: number;
}

/** @param count what the end record says of the number of entries; beyond 65,535 in a zip64 record */
export function zip(entries: Entry[], count = entries.length): Uint8Array {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const entry of entries) {
    const name = Buffer.from(entry.name.slice(0, 60_000));
    const body = entry.deflate ? deflateRawSync(entry.content, { level: 9 }) : entry.content;
    const method = entry.method ?? (entry.deflate ? 8 : 0);
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(method, 8);
    local.writeUInt16LE(name.length, 26);
    const central = Buffer.alloc(46);
    central.writeUInt32LE(0x02014b50, 0);
    central.writeUInt16LE(method, 10);
    central.writeUInt32LE((entry.packed ?? body.length) >>> 0, 20);
    central.writeUInt32LE((entry.size ?? entry.content.length) >>> 0, 24);
    central.writeUInt16LE(name.length, 28);
    central.writeUInt32LE((entry.local ?? at) >>> 0, 42);
    parts.push(local, name, Buffer.from(body));
    directory.push(central, name);
    at += local.length + name.length + body.length;
  }
  const end64 = Buffer.alloc(76);
  const isWide = count > 0xffff;
  const listing = Buffer.concat(directory);
  if (isWide) {
    end64.writeUInt32LE(0x06064b50, 0);
    end64.writeBigUInt64LE(BigInt(count), 32);
    end64.writeBigUInt64LE(BigInt(at), 48);
    end64.writeUInt32LE(0x07064b50, 56);
    end64.writeBigUInt64LE(BigInt(at + listing.length), 64);
  }
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(isWide ? 0xffff : count, 8);
  end.writeUInt16LE(isWide ? 0xffff : count, 10);
  end.writeUInt32LE(listing.length, 12);
  end.writeUInt32LE(isWide ? 0xffffffff : at, 16);
  return Buffer.concat([...parts, listing, ...(isWide ? [end64] : []), end]);
}

export function mat(...elements: Uint8Array[]): Uint8Array {
  const head = Buffer.alloc(128, ' ');
  head.write('MATLAB 5.0 MAT-file', 'latin1');
  head.writeUInt16LE(0x0100, 124);
  head.write('IM', 126, 'latin1');
  return Buffer.concat([head, ...elements]);
}

/** @param length what its tag says */
export function matElement(type: number, content: Uint8Array, length = content.length): Uint8Array {
  const tag = Buffer.alloc(8);
  tag.writeUInt32LE(type >>> 0, 0);
  tag.writeUInt32LE(length >>> 0, 4);
  // What is compressed (15) is followed at once by the next.
  return Buffer.concat([tag, content, Buffer.alloc(type === 15 ? 0 : (8 - (content.length % 8)) % 8)]);
}

export function matMatrix(name: string, shape: number[], real: Uint8Array, kind = 6): Uint8Array {
  const flags = Buffer.from([kind, 0, 0, 0, 0, 0, 0, 0]);
  const dimensions = Buffer.from(Int32Array.from(shape).buffer);
  const parts = [matElement(6, flags), matElement(5, dimensions), matElement(1, Buffer.from(name)), real];
  return matElement(14, Buffer.concat(parts));
}

export function safetensors(header: string, data: Uint8Array = new Uint8Array(0), headerBytes?: bigint): Uint8Array {
  const body = Buffer.from(header);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(headerBytes ?? BigInt(body.length));
  return Buffer.concat([length, body, data]);
}

/** Opcodes of a pickle, by what they do. */
export const pickle = {
  mark: latin1('('),
  none: latin1('N'),
  emptyTuple: latin1(')'),
  tuple: latin1('t'),
  pair: latin1('\x86'),
  list: latin1(']'),
  dict: latin1('}'),
  append: latin1('a'),
  setItem: latin1('s'),
  stop: latin1('.'),
  stackGlobal: latin1('\x93'),
  reduce: latin1('R'),
  persistent: latin1('Q'),
  global: (module: string, name: string) => latin1(`c${module}\n${name}\n`),
  put: (place: number) => numbered('r', place),
  get: (place: number) => numbered('j', place),
  text: (text: string, bytes = Buffer.byteLength(text)) => Buffer.concat([numbered('X', bytes), Buffer.from(text)]),
  whole: (value: number) => {
    const bytes = Buffer.alloc(10);
    bytes.write('\x8a\x08', 'latin1');
    bytes.writeBigInt64LE(BigInt.asIntN(64, BigInt(value)), 2);
    return bytes;
  },
  program: (...parts: Uint8Array[]) => Buffer.concat([latin1('\x80\x02'), ...parts, latin1('.')]),
};

function numbered(opcode: string, value: number): Buffer {
  const bytes = Buffer.alloc(5);
  bytes.write(opcode, 'latin1');
  bytes.writeUInt32LE(value >>> 0, 1);
  return bytes;
}

/** A tensor over a storage of the file. */
export function pickledTensor(storage: string, key: string, offset: number, shape: number[], strides: number[]) {
  const tuple = (numbers: number[]) => Buffer.concat([pickle.mark, ...numbers.map(pickle.whole), pickle.tuple]);
  return Buffer.concat([
    pickle.global('torch._utils', '_rebuild_tensor_v2'),
    pickle.mark,
    pickle.mark,
    pickle.text('storage'),
    pickle.global('torch', storage),
    pickle.text(key),
    pickle.text('cpu'),
    pickle.whole(shape.reduce((product, size) => product * size, 1)),
    pickle.tuple,
    pickle.persistent,
    pickle.whole(offset),
    tuple(shape),
    tuple(strides),
    pickle.none,
    pickle.none,
    pickle.tuple,
    pickle.reduce,
  ]);
}

export function pth(program: Uint8Array, storages: Record<string, Uint8Array> = {}, deflate = false): Uint8Array {
  return zip([
    { name: 'archive/data.pkl', content: program },
    ...Object.entries(storages).map(([key, content]) => ({ name: `archive/data/${key}`, content, deflate })),
  ]);
}
