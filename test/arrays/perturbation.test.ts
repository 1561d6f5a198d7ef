import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { deflateRawSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { UsageError } from '#shared/errors';
import { writeNpy, writeSafetensors } from '#shared/formats';
import { amplifyToRgba } from '#shared/images';
import { boundOf } from '../../batch/arrays/bound.ts';
import { parseScale, readPerturbation as readWith } from '../../batch/arrays/index.ts';
import { unpickle } from '../../batch/arrays/pickle.ts';
import { codecs } from '../../batch/photos/index.ts';

/**
 * Arrays of 3 x 6 x 6 that torch.save, scipy.io.savemat and numpy.savez wrote: value i is i % 21 - 10, in the order
 * [3,6,6].
 */
const fixtures = fileURLToPath(new URL('../fixtures/perturbations/', import.meta.url));
const readPerturbation = (path: string, given: Parameters<typeof readWith>[1] = {}) =>
  readWith(path, given, async (bytes) => (await codecs()).decode(bytes));
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'atlas-perturbations-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('perturbation files', () => {
  const size = 6;
  const chw = Float32Array.from({ length: 3 * size * size }, (_, i) => (i % 21) - 10);
  const hwc = Float32Array.from(chw, (_, i) => chw[(i % 3) * size * size + Math.floor(i / 3)]);
  const npy = (data: Float32Array, shape: number[]) => writeNpy(data as Float32Array<ArrayBuffer>, shape);
  const save = async (name: string, bytes: Uint8Array) => {
    await writeFile(join(folder, name), bytes);
    return join(folder, name);
  };

  test.each([
    ['planes first', () => npy(chw, [3, 6, 6]), 'a.npy', { layout: 'CHW', scale: 255 }],
    ['a leading 1', () => npy(chw, [1, 3, 6, 6]), 'b.npy', { layout: 'CHW', scale: 255 }],
    ['planes last', () => npy(hwc, [6, 6, 3]), 'c.npy', { layout: 'HWC', scale: 255 }],
    [
      'safetensors',
      () => writeSafetensors({ perturbation: { data: chw as Float32Array<ArrayBuffer>, shape: [3, 6, 6] } }),
      'e.safetensors',
      { layout: 'CHW' },
    ],
    ['a stored npz', () => zip(npy(hwc, [1, 6, 6, 3]), false), 'f.npz', { layout: 'HWC' }],
    ['a deflated npz', () => zip(npy(chw, [3, 6, 6]), true), 'g.npz', { layout: 'CHW' }],
  ])('reads %s', async (_what, bytes, name, expected) => {
    const file = await readPerturbation(await save(name, bytes()));
    expect(file).toMatchObject({ size: 6, guessed: ['scale', 'layout', 'order'], ...expected });
    file.v.forEach((value, i) => {
      expect(value).toBeCloseTo(chw[i], 4);
    });
  });

  test('asks for the unit where the numbers do not tell it', async () => {
    const save1 = async (name: string, factor: number) =>
      save(
        name,
        npy(
          chw.map((x) => x * factor),
          [3, 6, 6],
        ),
      );
    for (const factor of [1 / 255, 2 / 255, 0.1, 0.2]) {
      const small = await save1('small.npy', factor);
      await expect(readPerturbation(small), String(factor)).rejects.toThrow(/does not tell its unit.*--scale.*-1\.\.1/);
    }
    const large = await readPerturbation(await save1('large.npy', 0.21));
    expect(large).toMatchObject({ scale: 255, guessed: ['scale', 'layout', 'order'] });
    expect(large.linf).toBeCloseTo(2.1, 5);
  });

  test.each([
    ['255', 1],
    ['0..255', 1],
    ['-128..127', 1],
    ['1', 255],
    ['0..1', 255],
    [' -0.5 .. 0.5 ', 255],
    ['2', 127.5],
    ['-1..1', 127.5],
    ['4.5', 255 / 4.5],
  ])('reads units of %s', async (text, factor) => {
    const path = await save(
      'unit.npy',
      npy(
        chw.map((x) => x / factor),
        [3, 6, 6],
      ),
    );
    const file = await readPerturbation(path, { scale: parseScale(text) });
    file.v.forEach((value, i) => {
      expect(value).toBeCloseTo(chw[i], 4);
    });
    expect(file.guessed).toEqual(['layout', 'order']);
  });

  test('reads what was divided by the std of each channel, in either unit of it and in either order', async () => {
    const std = [0.229, 0.224, 0.225];
    const bgr = Float32Array.from(
      { length: 108 },
      (_, i) => chw[(2 - Math.floor(i / 36)) * 36 + (i % 36)] / 255 / std[2 - Math.floor(i / 36)],
    );
    const path = await save('std.npy', npy(bgr, [3, 6, 6]));
    for (const text of ['0.229,0.224,0.225', '58.395, 57.12, 57.375']) {
      const file = await readPerturbation(path, { scale: parseScale(text), order: 'BGR' });
      file.v.forEach((value, i) => {
        expect(value).toBeCloseTo(chw[i], 4);
      });
    }
  });

  test.each(['0', '-1', '1..1', '1..0', '0..', 'a', '1,2', '0.2,0.2,0', '1,2,300', '0x10', '', '1e999'])(
    'takes no scale of "%s"',
    (text) => {
      expect(() => parseScale(text)).toThrow(UsageError);
    },
  );

  test('refuses a unit in which it would be beyond white', async () => {
    const path = await save('beyond.npy', npy(chw, [3, 6, 6]));
    await expect(readPerturbation(path, { scale: 1 })).rejects.toThrow(/would reach 2550 of 255.*--scale/);
  });

  test('refuses the layout that it does not have', async () => {
    const path = await save('h.npy', npy(chw, [3, 6, 6]));
    await expect(readPerturbation(path, { layout: 'HWC' })).rejects.toThrow(/is not HWC/);
  });

  test('believes the record beside it, and what a .safetensors file of ours says of its unit', async () => {
    const small = Float32Array.from(chw, (x) => x / 10);
    const path = await save('one.npy', npy(small, [3, 6, 6]));
    const record = join(folder, 'record.json');
    await writeFile(record, '{"linf": 1}');
    expect((await readPerturbation(path)).linf).toBe(1);
    await writeFile(record, '{"linf": 10}');
    await expect(readPerturbation(path)).rejects.toThrow(/its unit/);
    await rm(record);
    const ours = writeSafetensors({ v: { data: small, shape: [3, 6, 6] } }, { units: '0..255' });
    expect((await readPerturbation(await save('ours.safetensors', ours))).linf).toBe(1);
  });

  test('says its own bound, and is held to another one', async () => {
    const path = await save('bound.npy', npy(chw, [3, 6, 6]));
    const length = Math.sqrt(chw.reduce((sum, x) => sum + x * x, 0));
    expect((await readPerturbation(path)).bound).toEqual({ norm: 'inf', epsilon: 10 });
    expect(await readPerturbation(path, { epsilon: 10 })).toMatchObject({ clipped: false, linf: 10 });
    await expect(readPerturbation(path, { epsilon: 8 })).rejects.toThrow(
      /larger than the bound of 8: largest value 10 \(norm inf\).*--scale.*--clip/,
    );
    const clipped = await readPerturbation(path, { epsilon: 8, clip: true });
    expect(clipped).toMatchObject({ clipped: true, linf: 8, bound: { norm: 'inf', epsilon: 10 } });
    expect([...clipped.v]).toEqual(Array.from(chw, (x) => Math.max(-8, Math.min(8, x))));
    expect(clipped.note).toMatch(/brought within 8 \(norm inf\), from its own largest value 10/);
    await expect(readPerturbation(path, { norm: '2', epsilon: 30 })).rejects.toThrow(/length 63\.99 \(norm 2\)/);
    const shorter = await readPerturbation(path, { norm: '2', epsilon: 32, clip: true });
    shorter.v.forEach((value, i) => {
      expect(value).toBeCloseTo((chw[i] * 32) / length, 4);
    });
    expect((await readPerturbation(path, { norm: '2', epsilon: 70 })).clipped).toBe(false);
  });

  test.each([
    ['tensor.pth', { array: 'tensor', layout: 'CHW', scale: 255 }],
    ['dict.pt', { array: 'delta', layout: 'CHW', scale: 1 }, { scale: 1 }],
    ['parameter.pth', { layout: 'HWC', scale: 255 }],
    ['half.pth', { layout: 'CHW', scale: 255 }],
    ['double.mat', { array: 'r', layout: 'HWC', scale: 255 }],
    ['single-compressed.mat', { array: 'r', layout: 'HWC', scale: 255 }],
    ['int8.mat', { array: 'r', layout: 'CHW', scale: 255 }],
    ['two.npz', { array: 'v', layout: 'CHW', scale: 255 }],
    ['bfloat16.npy', { layout: 'CHW', scale: 255 }],
  ])('reads %s, which PyTorch, SciPy or NumPy wrote', async (name, expected, given: { scale?: number } = {}) => {
    const file = await readPerturbation(join(fixtures, name), given);
    expect(file).toMatchObject({ size: 6, ...expected });
    file.v.forEach((value, i) => {
      expect(value).toBeCloseTo(chw[i], 4);
    });
  });

  test('refuses a pickle that is more than tensors, and runs nothing of it', async () => {
    await expect(readPerturbation(join(fixtures, 'module.pth'))).rejects.toThrow(
      /refers to torch\.nn\S+ which is no part/,
    );
    await expect(readPerturbation(join(fixtures, 'legacy.pth'))).rejects.toThrow(/before 1\.6/);
    const run = 'cposix\nsystem\n(X\x09\x00\x00\x00touch /x/yt\x85R.';
    expect(() => unpickle(new TextEncoder().encode(run))).toThrow(/posix\.system/);
    expect(() => unpickle(new Uint8Array([0x80, 2, 0x5d]))).toThrow(/cut off/);
  });

  test('takes planes as blue, green, red when it is told so', async () => {
    const bgr = new Float32Array([...chw.subarray(72), ...chw.subarray(36, 72), ...chw.subarray(0, 36)]);
    const path = await save('bgr.npy', npy(bgr, [3, 6, 6]));
    const file = await readPerturbation(path, { order: 'BGR' });
    expect([...file.v]).toEqual([...chw]);
    expect(file.guessed).not.toContain('order');
  });

  test('reads a picture around the middle grey, and scales an amplified one to its bound', async () => {
    const { encodePng } = await codecs();
    const picture = (data: Uint8ClampedArray<ArrayBuffer>) => encodePng({ data, width: size, height: size });
    const exact = Uint8ClampedArray.from({ length: 4 * size * size }, (_, i) =>
      i % 4 === 3 ? 255 : 128 + chw[(i % 4) * size * size + Math.floor(i / 4)],
    );
    const plain = await readPerturbation(await save('exact.png', await picture(exact)));
    expect([...plain.v]).toEqual([...chw]);
    const amplified = await readPerturbation(
      await save('large.png', (await encodePng(amplifyToRgba(chw, size))) as Uint8Array),
    );
    expect(amplified.note).toMatch(/amplified.*largest value is 10/);
    amplified.v.forEach((value, i) => {
      expect(Math.abs(value - chw[i])).toBeLessThan(0.1);
    });
  });

  test.each([
    [64, /read as 128 \+ v/, 64],
    [65, /read as amplified/, 10],
  ])('a picture that reaches %i from the middle grey is %s', async (reach, note, linf) => {
    const { encodePng } = await codecs();
    const data = Uint8ClampedArray.from({ length: 4 * size * size }, (_, i) => (i % 4 === 3 ? 255 : 128));
    data[0] = 128 + reach;
    const file = await readPerturbation(
      await save(`reach-${reach}.png`, await encodePng({ data, width: size, height: size })),
    );
    expect(file.note).toMatch(note);
    expect(file.linf).toBeCloseTo(linf, 4);
  });

  test('tells the norm by how the values are spread: most at the largest one, or few', () => {
    const of = (v: Float32Array) => boundOf(v);
    expect(of(chw.map((_, i) => (i % 2 ? 10 : -10)))).toEqual({ norm: 'inf', epsilon: 10 });
    expect(of(chw.map((_, i) => (i % 3 ? 10 : 1)))).toEqual({ norm: 'inf', epsilon: 10 });
    expect(of(chw.map((_, i) => (i < 4 ? 50 : 0)))).toEqual({ norm: '2', epsilon: 100 });
  });

  test('takes the array that it is told, and names those there are', async () => {
    await expect(readPerturbation(join(fixtures, 'two.npz'), { array: 'w' })).rejects.toThrow(
      /no array "w".*"other".*"v"/,
    );
  });

  test('refuses other shapes, other files, zeros and infinities', async () => {
    await expect(readPerturbation(await save('i.npy', npy(chw, [36, 3])))).rejects.toThrow(/\[3,S,S\]/);
    await expect(readPerturbation(await save('j.npy', new Uint8Array([1, 2])))).rejects.toThrow(/cannot be read/);
    await expect(readPerturbation(await save('k.npz', new Uint8Array(30)))).rejects.toThrow(/no zip file/);
    await expect(readPerturbation(await save('l.png', new Uint8Array(3)))).rejects.toThrow(/not a JPEG, PNG/);
    await expect(readPerturbation(await save('l.h5', new Uint8Array(3)))).rejects.toThrow(/no HDF5 file/);
    await expect(readPerturbation(await save('l.pickle', new Uint8Array(3)))).rejects.toThrow(
      /\.safetensors, \.mat, \.h5, \.hdf5, \.pth/,
    );
    await expect(readPerturbation(await save('m.npy', npy(new Float32Array(108), [3, 6, 6])))).rejects.toThrow(
      /zero everywhere/,
    );
    const infinite = npy(
      chw.map((x, i) => (i === 5 ? Infinity : x)),
      [3, 6, 6],
    );
    await expect(readPerturbation(await save('n.npy', infinite))).rejects.toThrow(
      /holds Infinity, which is no pixel value/,
    );
    await expect(readPerturbation(join(folder, 'nowhere.npy'))).rejects.toThrow(/cannot be read/);
  });
});

/** A zip of one entry, as NumPy writes it. */
function zip(content: Uint8Array, deflate: boolean): Uint8Array {
  const name = Buffer.from('v.npy');
  const body = deflate ? deflateRawSync(content) : Buffer.from(content);
  const local = Buffer.alloc(30 + name.length);
  local.writeUInt32LE(0x04034b50, 0);
  local.writeUInt16LE(deflate ? 8 : 0, 8);
  local.writeUInt16LE(name.length, 26);
  name.copy(local, 30);
  const central = Buffer.alloc(46 + name.length);
  central.writeUInt32LE(0x02014b50, 0);
  central.writeUInt16LE(deflate ? 8 : 0, 10);
  central.writeUInt32LE(body.length, 20);
  central.writeUInt32LE(content.length, 24);
  central.writeUInt16LE(name.length, 28);
  name.copy(central, 46);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(1, 8);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(local.length + body.length, 16);
  return Buffer.concat([local, body, central, end]);
}
