import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { UsageError } from '#shared/errors';
import { FormatError, readSafetensors } from '#shared/formats';
import { readArrays, readPerturbation } from '../../batch/arrays/index.ts';
import { recordBeside } from '../../batch/arrays/recorded.ts';
import { readJson } from '../../batch/files/index.ts';
import { codecs } from '../../batch/photos/index.ts';
import { parseJson } from '../../batch/publish/source.ts';
import { cases } from '../../bench/hostile/arrays.ts';
import { npy, npyHeader, pickle, pickledTensor, pth, safetensors, zip } from '../../bench/hostile/containers.ts';

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
