/** Arrays as other tools write them, byte by byte after their formats: what the fixtures do not have. */
import { describe, expect, test } from 'vitest';
import { readArrays } from '../../batch/arrays/index.ts';

const ascii = (text: string) => [...Buffer.from(text, 'latin1')];
const u16 = (value: number) => [value & 255, value >> 8];
const u32 = (value: number) => [...u16(value & 0xffff), ...u16(value >>> 16)];

/** A zip file of stored entries; `places` moves where the directory says that an entry lies. */
function zip(entries: [name: string, content: Uint8Array][], { comment = '', places = (at: number) => at } = {}) {
  const bytes: number[] = [];
  const directory: number[] = [];
  for (const [name, content] of entries) {
    const at = places(bytes.length);
    const sizes = [...u32(content.length), ...u32(content.length)];
    bytes.push(
      ...u32(0x04034b50),
      ...Array(14).fill(0),
      ...sizes,
      ...u16(name.length),
      0,
      0,
      ...ascii(name),
      ...content,
    );
    directory.push(...u32(0x02014b50), ...Array(16).fill(0), ...sizes, ...u16(name.length), ...Array(12).fill(0));
    directory.push(...u32(at), ...ascii(name));
  }
  const count = u16(entries.length);
  const end = [...u32(0x06054b50), 0, 0, 0, 0, ...count, ...count, ...u32(directory.length), ...u32(bytes.length)];
  return Uint8Array.from([...bytes, ...directory, ...end, ...u16(comment.length), ...ascii(comment)]);
}

interface Saved {
  type: string;
  storage: ArrayBufferView;
  sizes: number[];
  strides: number[];
  offset?: number;
  order?: string;
}

/** What torch.save makes of a view of a storage: the pickle of protocol 2, and the numbers beside it. */
function pth({ type, storage, sizes, strides, offset = 0, order = 'little' }: Saved): Uint8Array {
  const global = (path: string) => ascii(`c${path}\n`);
  const text = (value: string) => [0x58, ...u32(value.length), ...ascii(value)];
  const count = (value: number) => [0x4d, ...u16(value)];
  const tuple = (...parts: number[][]) => [0x28, ...parts.flat(), 0x74];
  const persistent = tuple(
    text('storage'),
    global(`torch\n${type}`),
    text('0'),
    text('cpu'),
    count(storage.byteLength),
  );
  const args = [
    ...[[...persistent, 0x51], count(offset), tuple(...sizes.map(count)), tuple(...strides.map(count)), [0x89]],
    [...global('collections\nOrderedDict'), 0x29, 0x52],
  ];
  const pickle = [0x80, 2, ...global('torch._utils\n_rebuild_tensor_v2'), ...tuple(...args), 0x52, 0x2e];
  return zip([
    ['a/data.pkl', Uint8Array.from(pickle)],
    ['a/byteorder', Uint8Array.from(ascii(order))],
    ['a/data/0', new Uint8Array(storage.buffer, storage.byteOffset, storage.byteLength)],
  ]);
}
const tensorOf = async (saved: Saved) => {
  const [array] = (await readArrays('x.pth', pth(saved)))!.arrays;
  return { shape: array.shape, values: Array.from(await array.read(), Number) };
};

describe('a tensor of PyTorch', () => {
  const storage = Float32Array.from({ length: 40 }, (_, i) => i);

  test('may be a view of a larger one: from its offset on, with its strides', async () => {
    // torch.arange(40.).reshape(5, 8)[1:3, 2:8:3] and its transpose.
    const view = { type: 'FloatStorage', storage, offset: 10, sizes: [2, 2], strides: [8, 3] };
    expect(await tensorOf(view)).toEqual({ shape: [2, 2], values: [10, 13, 18, 21] });
    expect((await tensorOf({ ...view, strides: [3, 8] })).values).toEqual([10, 18, 13, 21]);
  });

  test('lies within its numbers, offset and all', async () => {
    const last = { type: 'FloatStorage', storage, offset: 35, sizes: [5], strides: [1] };
    expect((await tensorOf(last)).values).toEqual([35, 36, 37, 38, 39]);
    await expect(tensorOf({ ...last, offset: 36 })).rejects.toThrow(/reaches beyond its numbers/);
  });

  test('of half precision has signs, subnormal numbers and no numbers as IEEE 754 says', async () => {
    const bits = Uint16Array.of(0x3c00, 0xc000, 0x7bff, 0x0001, 0x8001, 0x03ff, 0x0400, 0x7c00, 0xfc00, 0x7e00);
    const { values } = await tensorOf({ type: 'HalfStorage', storage: bits, sizes: [bits.length], strides: [1] });
    expect(values).toEqual([
      ...[1, -2, 65504, 2 ** -24, -(2 ** -24), 1023 * 2 ** -24, 2 ** -14],
      ...[Infinity, -Infinity, Number.NaN],
    ]);
  });

  test('of bfloat16 is the upper half of float32', async () => {
    const bits = Uint16Array.of(0x3f80, 0xc000, 0x4049);
    const { values } = await tensorOf({ type: 'BFloat16Storage', storage: bits, sizes: [3], strides: [1] });
    expect(values).toEqual([1, -2, 3.140625]);
  });

  test('of a big-endian machine is refused', async () => {
    const saved = { type: 'FloatStorage', storage, sizes: [40], strides: [1], order: 'big' };
    await expect(tensorOf(saved)).rejects.toThrow(/big-endian/);
  });
});

describe('a zip file', () => {
  const numbers = pth({ type: 'FloatStorage', storage: Float32Array.of(4), sizes: [1], strides: [1] });

  test('may end in a comment', async () => {
    const content = Uint8Array.from(ascii('\x93NUMPY'));
    // It is read as far as its array, which is none.
    for (const comment of ['made by hand', '']) {
      const contents = await readArrays('x.npz', zip([['a.npy', content]], { comment }));
      expect(contents).toMatchObject({ arrays: [], others: [{ name: 'a' }] });
    }
    expect((await readArrays('x.pth', numbers))!.arrays).toHaveLength(1);
  });

  test('has no two entries in one place', async () => {
    const same: [string, Uint8Array][] = ['a.npy', 'b.npy'].map((name) => [name, new Uint8Array(20)]);
    await expect(readArrays('x.npz', zip(same, { places: () => 0 }))).rejects.toThrow(/entries overlap/);
  });
});

describe('a .mat file', () => {
  /** MATLAB level 5 of one array, as a machine of either byte order writes it. */
  function mat(little: boolean, { name, shape, values }: { name: string; shape: number[]; values: number[] }) {
    const word = (value: number) => (little ? u32(value) : u32(value).reverse());
    const double = (value: number) => {
      const bytes = Buffer.alloc(8);
      if (little) bytes.writeDoubleLE(value);
      else bytes.writeDoubleBE(value);
      return [...bytes];
    };
    const padded = (bytes: number[]) => [...bytes, ...Array((8 - (bytes.length % 8)) % 8).fill(0)];
    const element = (type: number, bytes: number[]) => [...word(type), ...word(bytes.length), ...padded(bytes)];
    // A name of four bytes and fewer lies in its tag.
    const small = [...word((name.length << 16) | 1), ...ascii(name.padEnd(4, '\0'))];
    const content = [
      ...element(6, [...word(6), ...word(0)]),
      ...element(5, shape.flatMap(word)),
      ...(name.length <= 4 ? small : element(1, ascii(name))),
      ...element(9, values.flatMap(double)),
    ];
    const header = [...ascii('MATLAB 5.0 MAT-file'.padEnd(124)), ...(little ? [0, 1] : [1, 0])];
    return Uint8Array.from([...header, ...ascii(little ? 'IM' : 'MI'), ...element(14, content)]);
  }

  test.each([
    ['little-endian', true],
    ['big-endian', false],
  ])('of a %s machine has its columns first', async (_order, little) => {
    // [1 2 3; 4 5 6], column by column.
    const of = { shape: [2, 3], values: [1, 4, 2, 5, 3, 6.5] };
    for (const name of ['v', 'perturbation']) {
      const [array] = (await readArrays('x.mat', mat(little, { name, ...of })))!.arrays;
      expect(array).toMatchObject({ name, shape: [2, 3] });
      expect(Array.from(await array.read(), Number)).toEqual([1, 2, 3, 4, 5, 6.5]);
    }
  });
});
