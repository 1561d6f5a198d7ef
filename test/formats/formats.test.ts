import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  FormatError,
  npyHeader,
  readNpy,
  readSafetensors,
  readTensors,
  writeNpy,
  writeSafetensors,
} from '#shared/formats';

/** What NumPy 2.4 saves for np.array([[1, 2, 3], [4, 5, 6]], '<f4'), byte for byte. */
const numpyHeader = `\x93NUMPY\x01\x00\x76\x00${"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }".padEnd(117)}\n`;
const values = new Float32Array([1, 2, 3, 4, 5, 6]);
const latin1 = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));
const npy = (header: string, data: ArrayBufferView) =>
  Uint8Array.from(Buffer.concat([latin1(header), Buffer.from(data.buffer, data.byteOffset, data.byteLength)]));
const arrays = fc.tuple(fc.float32Array({ minLength: 0, maxLength: 24, noNaN: true }), fc.integer({ min: 1, max: 4 }));

describe('.npy', () => {
  test('is written as NumPy writes it, and read back', () => {
    const file = npy(numpyHeader, values);
    expect(writeNpy(values, [2, 3])).toEqual(file);
    expect(readNpy(file)).toEqual({ data: values, shape: [2, 3], dtype: '<f4' });
  });

  test('comes back as it went, from any place in a buffer', () => {
    fc.assert(
      fc.property(arrays, fc.integer({ min: 0, max: 9 }), ([data, sides], offset) => {
        const shape = [...Array(sides - 1).fill(1), data.length];
        const file = writeNpy(data as Float32Array<ArrayBuffer>, shape);
        const within = Buffer.concat([Buffer.alloc(offset), file]).subarray(offset);
        expect(readNpy(within)).toEqual({ data, shape, dtype: '<f4' });
      }),
    );
  });

  test('starts its numbers at a multiple of 64 bytes, whatever the length of its header', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 12 }), (shape) => {
        const data = new Uint8Array(shape.reduce((product, side) => product * side, 1)).fill(7);
        const file = writeNpy(data, shape);
        expect((file.length - data.length) % 64).toBe(0);
        expect(readNpy(file)).toEqual({ data, shape, dtype: '|u1' });
      }),
    );
  });

  test('has a header of a multiple of 64 bytes at every length of its text', () => {
    // Ones, and a number of one to three digits: every remainder is met.
    const lengths = Array.from({ length: 40 }, (_, ones) =>
      [7, 77, 777].map((last) => npyHeader('<f4', [...Array(ones).fill(1), last]).length),
    ).flat();
    expect(lengths.filter((length) => length % 64 !== 0)).toEqual([]);
  });

  test('of version 2 has a longer field for the length of its header, all of which counts', () => {
    const text = numpyHeader.slice(10);
    const [low, high] = [text.length & 255, text.length >> 8];
    const of = (...length: number[]) => npy(`\x93NUMPY\x02\x00${String.fromCharCode(...length)}${text}`, values);
    expect(readNpy(of(low, high, 0, 0))).toEqual({ data: values, shape: [2, 3], dtype: '<f4' });
    expect(() => readNpy(of(low, high, 1, 0))).toThrow(/ends inside its header/);
  });

  test('of three unequal axes in Fortran order is turned to C order', () => {
    const shape = [2, 3, 4];
    const header = numpyHeader.replace('False', 'True ').replace('(2, 3), }   ', '(2, 3, 4), }');
    const data = new Float32Array(24);
    for (let i = 0; i < 2; i++)
      for (let j = 0; j < 3; j++) for (let k = 0; k < 4; k++) data[i + 2 * (j + 3 * k)] = 100 * i + 10 * j + k;
    const read = readNpy(npy(header, data));
    expect(read.shape).toEqual(shape);
    expect([...read.data]).toEqual(
      [0, 1].flatMap((i) => [0, 1, 2].flatMap((j) => [0, 1, 2, 3].map((k) => 100 * i + 10 * j + k))),
    );
  });

  test('is turned to C order where it is in Fortran order', () => {
    const file = npy(numpyHeader.replace('False', 'True '), new Float32Array([1, 4, 2, 5, 3, 6]));
    expect(readNpy(file).data).toEqual(values);
  });

  test('of 64-bit whole numbers keeps them', () => {
    const data = new BigInt64Array([-(2n ** 60n), 5n]);
    expect(readNpy(writeNpy(data, [2])).data).toEqual(data);
  });

  test('of other types and byte orders is read as what it is', () => {
    const numbers = (dtype: string, bytes: number[]) =>
      readNpy(npy(numpyHeader.replace('<f4', dtype).replace('(2, 3)', '(2,)  '), Uint8Array.from(bytes)));
    // 1.5 and -2 each.
    const expected = new Float32Array([1.5, -2]);
    expect(numbers('>f4', [0x3f, 0xc0, 0, 0, 0xc0, 0, 0, 0]).data).toEqual(expected);
    expect(numbers('<f2', [0, 0x3e, 0, 0xc0]).data).toEqual(expected);
    expect(numbers('>f2', [0x3e, 0, 0xc0, 0])).toEqual({ data: expected, shape: [2], dtype: '>f2' });
    expect(numbers('<V2', [0xc0, 0x3f, 0, 0xc0]).data).toEqual(expected);
    expect(numbers('>i2', [0, 5, 0xff, 0xfe]).data).toEqual(new Int16Array([5, -2]));
    expect(numbers('>i8', [0, 0, 0, 0, 0, 0, 0, 5, 255, 255, 255, 255, 255, 255, 255, 254]).data).toEqual(
      new BigInt64Array([5n, -2n]),
    );
    for (const dtype of ['|b1', '<c8', '<U1', '<f16', '|V4'])
      expect(() => numbers(dtype, [0, 0, 0, 0]), dtype).toThrow(/which is not read here/);
  });

  test('says what is wrong with a file that is cut off, of other things, or no .npy', () => {
    const file = npy(numpyHeader, values);
    for (let length = 0; length < file.length; length++) {
      expect(() => readNpy(file.subarray(0, length))).toThrow(FormatError);
    }
    expect(() => readNpy(Uint8Array.from([...file, 0]))).toThrow(/has 25\./);
    expect(() => readNpy(npy(numpyHeader.replace('<f4', '|O8'), values))).toThrow(/\|O8/);
    expect(() => writeNpy(values, [7])).toThrow(FormatError);
    expect(() => writeNpy(new Uint8ClampedArray(2) as never, [2])).toThrow(FormatError);
  });
});

describe('.safetensors', () => {
  test('has the bytes that the format says, its numbers at a multiple of 8', () => {
    const file = writeSafetensors({ v: { data: new Float32Array([1, -2]), shape: [2] } }, { norm: 'inf' });
    const length = Number(new DataView(file.buffer).getBigUint64(0, true));
    expect(length % 8).toBe(0);
    expect(JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + length)))).toEqual({
      __metadata__: { norm: 'inf' },
      v: { dtype: 'F32', shape: [2], data_offsets: [0, 8] },
    });
    expect(Array.from(file.subarray(8 + length))).toEqual([0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0]);
  });

  test('comes back as it went, from any place in a buffer', () => {
    fc.assert(
      fc.property(arrays, arrays, fc.string(), fc.integer({ min: 0, max: 9 }), ([a], [b], note, offset) => {
        const tensors = {
          a: { data: a as Float32Array<ArrayBuffer>, shape: [a.length] },
          'b.c': { data: b as Float32Array<ArrayBuffer>, shape: [1, b.length] },
        };
        const file = Buffer.concat([Buffer.alloc(offset), writeSafetensors(tensors, { note })]).subarray(offset);
        expect(readSafetensors(file)).toEqual({ tensors, metadata: { note } });
      }),
    );
  });

  test('of any type of real numbers is read, and of any other only where it is asked for', () => {
    const types = { F16: [0, 0x3e, 0, 0xc0], BF16: [0xc0, 0x3f, 0, 0xc0], I64: [5, ...Array(7).fill(0)], BOOL: [1] };
    let at = 0;
    const header = Object.entries(types).map(([dtype, bytes]) => {
      at += bytes.length;
      const shape = [dtype === 'BOOL' || dtype === 'I64' ? 1 : 2];
      return [dtype, { dtype, shape, data_offsets: [at - bytes.length, at] }];
    });
    const json = latin1(JSON.stringify(Object.fromEntries(header)));
    const file = Uint8Array.from([
      json.length,
      json.length >> 8,
      0,
      0,
      0,
      0,
      0,
      0,
      ...json,
      ...Object.values(types).flat(),
    ]);
    const { tensors } = readTensors(file);
    expect(tensors.F16.data).toEqual(new Float32Array([1.5, -2]));
    expect(tensors.BF16.data).toEqual(new Float32Array([1.5, -2]));
    expect(tensors.I64.data).toEqual(new BigInt64Array([5n]));
    expect(() => tensors.BOOL.data).toThrow(/"BOOL" is BOOL, which is not read/);
    expect(() => readSafetensors(file).tensors.F16.data).toThrow(/"F16" is F16; only float32/);
  });

  test('lie in the order of their names, whatever order they come in', () => {
    const [a, b] = [1, 2].map((value) => ({ data: Float32Array.of(value), shape: [1] }));
    expect(writeSafetensors({ b, a })).toEqual(writeSafetensors({ a, b }));
  });

  test('says what is wrong with a file that is cut off or whose header is nonsense', () => {
    const file = writeSafetensors({ v: { data: values, shape: [2, 3] } });
    for (let length = 0; length < file.length; length++) {
      expect(() => readSafetensors(file.subarray(0, length))).toThrow(FormatError);
    }
    for (const header of [
      'null  ',
      '[1]   ',
      '{"v":null}',
      '{"v":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}}',
    ]) {
      const broken = new Uint8Array(8 + header.length);
      broken[0] = header.length;
      broken.set(latin1(header), 8);
      expect(() => readSafetensors(broken), header).toThrow(FormatError);
    }
  });
});
