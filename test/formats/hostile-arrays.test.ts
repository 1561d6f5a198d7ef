import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateRawSync, deflateSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { UsageError } from '#shared/errors';
import { FormatError, readNpy, readSafetensors } from '#shared/formats';
import { readArrays, readPerturbation } from '../../batch/arrays/index.ts';
import { recordBeside } from '../../batch/arrays/recorded.ts';
import { readJson } from '../../batch/files/index.ts';
import { codecs } from '../../batch/photos/index.ts';
import { parseJson } from '../../batch/publish/source.ts';
import { cases } from '../../bench/hostile/arrays.ts';
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

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'atlas-hostile-arrays-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('an array that means harm', () => {
  test('of every kind is refused for people, in little time and memory', async () => {
    const kinds = new Set<string>();
    const { decode } = await codecs();
    for (const { name, files } of cases(1)) {
      const [kind] = name.split(/, \d+$/);
      // A few rounds of all kinds.
      if (name.endsWith(', 4')) break;
      kinds.add(kind);
      const [[file, bytes]] = Object.entries(files);
      const path = join(folder, file);
      await writeFile(path, bytes);
      const before = process.memoryUsage().arrayBuffers;
      const started = performance.now();
      const error = await readPerturbation(path, {}, decode).catch((thrown: Error) => thrown);
      expect(performance.now() - started, name).toBeLessThan(30_000);
      expect(process.memoryUsage().arrayBuffers - before, name).toBeLessThan(600e6);
      if (error instanceof Error) {
        expect(error, `${name}: ${error.stack}`).toBeInstanceOf(UsageError);
        expect(error.message, name).not.toMatch(/stack size|is not a function|undefined|Invalid array length/);
      }
    }
    expect(kinds.size).toBeGreaterThan(35);
  }, 120_000);

  test('of shared tuples is gone through once', async () => {
    const dag = Array.from({ length: 40 }, (_, i) => [pickle.put(i), pickle.get(i), pickle.pair]).flat();
    const contents = await readArrays('x.pth', pth(pickle.program(pickle.emptyTuple, ...dag)));
    expect(contents).toEqual({ arrays: [], others: [] });
  });

  test('sums what its tensors claim before it unpacks one', async () => {
    const tensor = pickledTensor('FloatStorage', '0', 0, [3, 1000, 1000], [0, 0, 0]);
    const items = Array.from({ length: 50 }, (_, i) => [pickle.text(`t${i}`), tensor, pickle.setItem]).flat();
    const file = pth(pickle.program(pickle.dict, ...items), { 0: new Uint8Array(4) });
    await expect(readArrays('x.pth', file)).rejects.toThrow(/claims to hold 600000000 bytes/);
  });

  test('has only the array unpacked that is asked for', async () => {
    const plain = npy(npyHeader('<f4', '2'), new Uint8Array(8));
    const broken = plain.slice(0, -1);
    const contents = await readArrays(
      'x.npz',
      zip([
        { name: 'good.npy', content: plain },
        { name: 'bad.npy', content: broken },
      ]),
    );
    const [good, bad] = contents!.arrays;
    expect([...((await good.read()) as Float32Array)]).toEqual([0, 0]);
    expect(bad.shape).toEqual([2]);
    await expect(bad.read()).rejects.toThrow(FormatError);
  });

  test('whose tensors share bytes is refused', () => {
    const entry = { dtype: 'F32', shape: [2], data_offsets: [0, 8] };
    const shares = safetensors(
      JSON.stringify({ a: entry, b: { ...entry, data_offsets: [4, 12] } }),
      new Uint8Array(12),
    );
    expect(() => readSafetensors(shares)).toThrow(/"b" shares bytes/);
  });

  test('and claims sixty axes is turned into rows in about the time of its numbers', () => {
    const numbers = new Uint8Array(3 * 1500 * 1500);
    const millisecondsOf = (axes: string) => {
      const file = npy(npyHeader('|u1', axes, true), numbers);
      const started = performance.now();
      expect(readNpy(file).data).toHaveLength(numbers.length);
      return performance.now() - started;
    };
    millisecondsOf('3, 1500, 1500');
    expect(millisecondsOf(`${'1, '.repeat(61)}3, 1500, 1500`)).toBeLessThan(5 * millisecondsOf('3, 1500, 1500'));
  });

  test.each([
    ['of a side of no canvas', '3, 2049, 2049', /shape \[3, 2049, 2049\], and at most 2048 pixels a side/],
    ['of a stack of no end', '90000, 3, 16, 16', /shape \[90000, 3, 16, 16\], and at most 2048 pixels a side/],
  ])('%s is refused by its header', async (_, shape, says) => {
    const path = join(folder, 'large.npy');
    await writeFile(path, npy(npyHeader('<f4', shape)));
    await expect(readPerturbation(path, {}, (await codecs()).decode)).rejects.toThrow(says);
  });

  test.each(['npy', 'npz', 'mat', 'pth', 'safetensors', 'h5', 'png'])('of 270 MB (.%s) is not read', async (format) => {
    const path = join(folder, `large.${format}`);
    await writeFile(path, '');
    await truncate(path, 2 ** 28 + 1);
    const before = process.memoryUsage().arrayBuffers;
    await expect(readPerturbation(path, {}, (await codecs()).decode)).rejects.toThrow(/at most 268\.4 MB are read/);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1e8);
  });

  test('and whose headers are small when packed has no more of them unpacked than it may hold', async () => {
    const head = Buffer.alloc(4e6);
    const packed = deflateRawSync(head, { level: 9 });
    const entries = Array.from({ length: 100 }, (_, i) => ({ name: `${i}`, content: packed, method: 8, size: 200 }));
    const { others } = (await readArrays('x.npz', zip(entries)))!;
    expect(others[0].why).toMatch(/is not an \.npy file/);
    expect(others.at(-1)!.why).toMatch(/too many compressed arrays/);
    const element = matElement(15, deflateSync(matElement(14, head), { level: 9 }));
    await expect(readArrays('x.mat', mat(...Array(100).fill(element)))).rejects.toThrow(/too many compressed arrays/);
  });

  test('and makes an object of each byte is given up after a million', async () => {
    const dicts = pth(pickle.program(Buffer.alloc(1_100_000, pickle.dict)));
    await expect(readArrays('x.pth', dicts)).rejects.toThrow(/more than 1000000 steps/);
  });

  test.each<[string, () => Uint8Array]>([
    ['npz', () => zip(Array.from({ length: 100_001 }, (_, i) => ({ name: `${i}`, content: npy(''), local: 0 })))],
    ['mat', () => mat(...Array(100_001).fill(matMatrix('v', [3, 6, 6], new Uint8Array(0))))],
    [
      'pth',
      () => {
        const tensor = pickledTensor('FloatStorage', '0', 0, [0], [1]);
        const again = Array.from({ length: 100_010 }, () => Buffer.concat([pickle.get(0), pickle.append]));
        return pth(pickle.program(tensor, pickle.put(0), pickle.list, Buffer.concat(again)), { 0: new Uint8Array(4) });
      },
    ],
  ])('of more parts than any (.%s) is refused', async (format, file) => {
    await expect(readArrays(`x.${format}`, file())).rejects.toThrow(/more than 100000 parts/);
  });

  test('that says a million entries and has one is refused at the second', async () => {
    const lies = zip([{ name: 'v.npy', content: npy(npyHeader('<f4', '2'), new Uint8Array(8)) }], 2 ** 40);
    await expect(readArrays('x.npz', lies)).rejects.toThrow(/directory is cut off/);
  });
});

describe('JSON of nothing but brackets is refused before it becomes objects', () => {
  const lists = (count: number) => Buffer.from(`[${'[],'.repeat(count)}1]`);
  const many = lists(1_000_000);

  test('in a card, a study or a list', async () => {
    const path = join(folder, 'lists.json');
    await writeFile(path, many);
    await expect(readJson(path, z.unknown(), 'card')).rejects.toThrow(/cannot be read: it has more than 1000000 lists/);
    await writeFile(path, lists(1000));
    expect(await readJson(path, z.unknown(), 'card')).toHaveLength(1001);
  });

  test('in a manifest, a record and the header of an array', async () => {
    expect(parseJson(many)).toBeUndefined();
    expect(parseJson(lists(1000))).toHaveLength(1001);
    await writeFile(join(folder, 'record.json'), many);
    expect(await recordBeside(join(folder, 'v.npy'))).toBeNull();
    expect(() => readSafetensors(safetensors(`{"v":${many}}`, new Uint8Array(0)))).toThrow(/header is not JSON/);
  });
});
