/** Files that hold more than the perturbation, or hold it in another way than most. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readNpy, writeNpy } from '#shared/formats';
import { readArrays, readPerturbation as readWith } from '../../batch/arrays/index.ts';
import { readBytes } from '../../batch/files/index.ts';
import { codecs } from '../../batch/photos/index.ts';
import {
  mat,
  matElement,
  matMatrix,
  npy,
  npyHeader,
  pickle,
  pickledTensor,
  pth,
  safetensors,
  zip,
} from '../../bench/hostile/containers.ts';

/** One [3,16,16] in all of them, its largest value 9.99: see the files' names. */
const cases = fileURLToPath(new URL('../cases/', import.meta.url));
const readPerturbation = (path: string, given: Parameters<typeof readWith>[1] = {}) =>
  readWith(path, given, async (bytes) => (await codecs()).decode(bytes));

let folder: string;
let uap: Float32Array;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'atlas-contents-'));
  const { data } = readNpy(await readBytes(join(cases, 'big-endian.npy')));
  uap = data as Float32Array;
  expect(Math.max(...uap.map(Math.abs))).toBeCloseTo(9.994, 3);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const save = async (name: string, bytes: Uint8Array) => {
  await writeFile(join(folder, name), bytes);
  return join(folder, name);
};
const plain = (data: Float32Array, shape: number[]) => writeNpy(data as Float32Array<ArrayBuffer>, shape);

describe('a file of more than the perturbation', () => {
  test.each(['with-strings.npz', 'with-batchnorm-state.pth', 'with-bool.safetensors', 'big-endian.npy'])(
    'is read all the same: %s',
    async (name) => {
      const file = await readPerturbation(join(cases, name));
      expect([...file.v]).toEqual([...uap]);
      if (name !== 'big-endian.npy') expect(file.array).toBe('uap');
    },
  );

  test.each(['half.npy', 'half.safetensors'])('is read as float16: %s', async (name) => {
    const file = await readPerturbation(join(cases, name));
    file.v.forEach((value, i) => {
      expect(Math.abs(value - uap[i])).toBeLessThan(0.004);
    });
  });

  test('names what else there is, and why it is not read, where it is asked for', async () => {
    await expect(readPerturbation(join(cases, 'with-strings.npz'), { array: 'labels' })).rejects.toThrow(
      /"labels".*cannot be read: .*<U1/,
    );
    await expect(readPerturbation(join(cases, 'with-bool.safetensors'), { array: 'm' })).rejects.toThrow(/BOOL/);
    await expect(readPerturbation(join(cases, 'with-bool.safetensors'), { array: 'x' })).rejects.toThrow(
      /no array "x".*"uap" \[3, 16, 16\], "m" \(not read: of the type BOOL\)/,
    );
  });

  test('asks which where several may be meant, and does not where only one has the shape or a usual name', async () => {
    const one = plain(uap, [3, 16, 16]);
    const two = plain(
      uap.map((x) => x / 2),
      [3, 16, 16],
    );
    const stack = plain(new Float32Array([...uap, ...uap]), [2, 3, 16, 16]);
    const npz = (entries: Record<string, Uint8Array>) =>
      zip(Object.entries(entries).map(([name, content]) => ({ name: `${name}.npy`, content })));
    const both = await save('both.npz', npz({ first: one, second: two }));
    await expect(readPerturbation(both)).rejects.toThrow(/2 arrays that may be.*"first", "second".*--array/);
    expect((await readPerturbation(both, { array: 'second' })).linf).toBeCloseTo(9.994 / 2, 3);
    // Photos beside it, or a layer of a network.
    expect((await readPerturbation(await save('a.npz', npz({ photos: stack, x: one })))).array).toBe('x');
    expect((await readPerturbation(await save('b.npz', npz({ x: one, delta: two })))).array).toBe('delta');
    const objects = npy(npyHeader('|O', '1'), new Uint8Array(8));
    expect((await readPerturbation(await save('c.npz', npz({ objects, x: one })))).array).toBe('x');
    await expect(readPerturbation(await save('d.npz', npz({ objects })))).rejects.toThrow(/"objects" \(not read/);
  });

  test('may be a checkpoint: counts, types, options, sizes, sets and NumPy scalars beside the tensor', async () => {
    const tensor = pickledTensor('FloatStorage', '0', 0, [3, 16, 16], [256, 16, 1]);
    const steps = pickledTensor('LongStorage', '1', 0, [], []);
    const mask = pickledTensor('BoolStorage', '2', 0, [3, 16, 16], [256, 16, 1]);
    const { text, setItem, dict, global, emptyTuple, reduce, none, mark, tuple } = pickle;
    const newObject = Buffer.from('\x81', 'latin1');
    const build = Buffer.from('b', 'latin1');
    const bytes = Buffer.from('C\x03abc', 'latin1');
    const entry = (name: string, ...value: Uint8Array[]) => [text(name), ...value, setItem];
    const program = pickle.program(
      dict,
      ...entry('epoch', none),
      ...entry('dtype', global('torch', 'float32')),
      ...entry('args', global('argparse', 'Namespace'), emptyTuple, newObject, dict, build),
      ...entry('shape', global('torch', 'Size'), emptyTuple, reduce),
      ...entry('best', global('numpy._core.multiarray', 'scalar'), mark, bytes, tuple, reduce),
      ...entry('steps', steps),
      ...entry('mask', mask),
      ...entry('delta', tensor),
    );
    const storages = { 0: new Uint8Array(uap.buffer), 1: new Uint8Array(8), 2: new Uint8Array(768) };
    const path = await save('checkpoint.pth', pth(program, storages));
    expect([...(await readPerturbation(path)).v]).toEqual([...uap]);
    await expect(readPerturbation(path, { array: 'mask' })).rejects.toThrow(/BoolStorage/);
  });

  test('is read from a large checkpoint, of which only the perturbation is unpacked', async () => {
    const tensor = pickledTensor('FloatStorage', '0', 0, [3, 16, 16], [256, 16, 1]);
    // 80 million weights: more as doubles than the file has by 268 MB and more.
    const weights = pickledTensor('FloatStorage', '1', 0, [80_000_000], [1]);
    const { dict, text, setItem } = pickle;
    const program = pickle.program(dict, text('w'), weights, setItem, text('uap'), tensor, setItem);
    const file = pth(program, { 0: new Uint8Array(uap.buffer), 1: new Uint8Array(320_000_000) });
    const contents = await readArrays('large.pth', file);
    const [, last] = contents!.arrays;
    expect(last.name).toBe('uap');
    expect([...((await last.read()) as Float64Array)]).toEqual([...uap]);
  });

  test('of MATLAB may hold flags, complex numbers and 64-bit integers beside it', async () => {
    const doubles = Buffer.from(Float64Array.from({ length: 108 }, (_, i) => (i % 21) - 10).buffer);
    const whole = Buffer.from(BigInt64Array.from({ length: 108 }, (_, i) => BigInt((i % 21) - 10)).buffer);
    const withFlags = (name: string, bits: number) => {
      const matrix = matMatrix(name, [3, 6, 6], matElement(9, doubles), 9);
      // The second byte of the flags, which follow two tags.
      matrix[17] = bits;
      return matrix;
    };
    const others = [withFlags('flags', 0x02), withFlags('z', 0x08)];
    const path = await save('a.mat', mat(...others, matMatrix('k', [3, 6, 6], matElement(12, whole), 14)));
    const file = await readPerturbation(path);
    expect(file.array).toBe('k');
    // Column by column: [c,h,w] lies at c + 3 h + 18 w.
    expect(file.v[1]).toBe((18 % 21) - 10);
    await expect(readPerturbation(path, { array: 'z' })).rejects.toThrow(/complex/);
    await expect(readPerturbation(path, { array: 'flags' })).rejects.toThrow(/true and false/);
  });
});

describe('a stack of perturbations', () => {
  test('says how many there are, and gives the one that is asked for', async () => {
    const path = join(cases, 'batch10.npy');
    await expect(readPerturbation(path)).rejects.toThrow(/\[10, 3, 16, 16\]: there are 10 in it.*--index, from 0 to 9/);
    await expect(readPerturbation(path, { index: 10 })).rejects.toThrow(/--index 10 is none of 0 to 9/);
    const whole = readNpy(await readBytes(path)).data as Float32Array;
    for (const index of [0, 7]) {
      const file = await readPerturbation(path, { index });
      expect([...file.v]).toEqual([...whole.subarray(768 * index, 768 * (index + 1))]);
      expect(file.stack).toEqual({ index, count: 10 });
    }
    await expect(readPerturbation(join(cases, 'big-endian.npy'), { index: 1 })).rejects.toThrow(/no stack/);
  });

  test('lies along the first axis, or along the last, and axes of 1 count for nothing', async () => {
    const of = (number: number) => uap.map((x) => x / (1 + number));
    const hwcn = new Float32Array(4 * 768);
    for (let k = 0; k < 4; k++) {
      const v = of(k);
      for (let c = 0; c < 3; c++) for (let i = 0; i < 256; i++) hwcn[(i * 3 + c) * 4 + k] = v[c * 256 + i];
    }
    const last = await readPerturbation(await save('last.npy', plain(hwcn, [16, 16, 3, 4])), { index: 2 });
    expect([...last.v]).toEqual([...of(2)]);
    const first = plain(new Float32Array([...of(0), ...of(1)]), [2, 1, 3, 16, 16]);
    expect([...(await readPerturbation(await save('first.npy', first), { index: 1 })).v]).toEqual([...of(1)]);
    const single = plain(uap, [1, 1, 3, 16, 16]);
    expect((await readPerturbation(await save('single.npy', single))).stack).toBeNull();
  });
});

describe('a picture of a perturbation in an array', () => {
  test('of uint8 is read as 128 + v, with a notice', async () => {
    const file = await readPerturbation(join(cases, 'uint8-image.npy'));
    expect(file.linf).toBe(10);
    expect(file.note).toMatch(/array of uint8 is read as 128 \+ v/);
    file.v.forEach((value, i) => {
      expect(Math.abs(value - uap[i])).toBeLessThanOrEqual(1);
    });
    await expect(readPerturbation(join(cases, 'uint8-image.npy'), { scale: 1 })).rejects.toThrow(/Leave --scale out/);
  });

  test('of another type is read as such where all of it is around the middle grey', async () => {
    const whole = uap.map((x) => Math.round(x));
    const grey = await readPerturbation(
      await save(
        'grey.npy',
        plain(
          whole.map((x) => 128 + x),
          [3, 16, 16],
        ),
      ),
    );
    expect([...grey.v]).toEqual([...whole].map((x) => x + 0));
    expect(grey.note).toMatch(/around the middle grey.*128 \+ v/);
    const half = await save(
      'half.npy',
      plain(
        uap.map((x) => 0.5 + x / 255),
        [3, 16, 16],
      ),
    );
    const read = await readPerturbation(half, { scale: 1 });
    read.v.forEach((value, i) => {
      expect(value).toBeCloseTo(uap[i], 3);
    });
  });

  test('that is none, since negative values wrapped around or were lost, is refused', async () => {
    for (const value of [(x: number) => x & 255, (x: number) => Math.max(0, x)]) {
      const bytes = Uint8Array.from(uap, (x) => value(Math.round(x)));
      const path = await save('wrapped.npy', writeNpy(bytes, [3, 16, 16]));
      await expect(readPerturbation(path)).rejects.toThrow(/wrapped around.*int8 or float32/);
    }
  });

  test('that was amplified is scaled to its bound, under either norm', async () => {
    const bytes = Uint8Array.from(uap, (x) => 128 + (x > 0 ? 127 : -127));
    const path = await save('amplified.npy', writeNpy(bytes, [3, 16, 16]));
    expect(await readPerturbation(path)).toMatchObject({ linf: 10 });
    expect(await readPerturbation(path, { epsilon: 8 })).toMatchObject({ linf: 8, clipped: false });
    expect((await readPerturbation(path, { norm: '2', epsilon: 100 })).l2).toBeCloseTo(100, 3);
  });
});

test('of safetensors whose types are wrong in every way, none is read as another', async () => {
  const entry = (dtype: string) => ({ dtype, shape: [3, 16, 16], data_offsets: [0, 3072] });
  const bytes = new Uint8Array(3072).fill(65);
  for (const dtype of ['F64', 'F16', 'C64', 'F8_E4M3', '']) {
    const path = await save('x.safetensors', safetensors(JSON.stringify({ v: entry(dtype) }), bytes));
    await expect(readPerturbation(path), dtype).rejects.toThrow(/incomplete|not read: of the type/);
  }
});
