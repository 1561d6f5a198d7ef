import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AtlasError } from '#shared/errors';
import { isSafeKey, isSafeName } from '#shared/release';
import { pullRelease, verifyRelease } from '../../batch/publish/index.ts';
import { readFooter } from '../../batch/publish/parquet-footer.ts';
import { serveCases } from '../../bench/hostile/host.ts';
import { cases, keys } from '../../bench/hostile/manifests.ts';
import type { HostileCase } from '../../bench/hostile/run-case.ts';

const ROUNDS = 3;
let scratch: string;
let host: Awaited<ReturnType<typeof serveCases>>;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'atlas-hostile-release-'));
  host = await serveCases();
});
afterAll(async () => {
  host.close();
  await rm(scratch, { recursive: true, force: true });
});

async function lay(folder: string, files: HostileCase['files']): Promise<void> {
  for (const [key, bytes] of Object.entries(files)) {
    await mkdir(dirname(join(folder, key)), { recursive: true });
    await writeFile(join(folder, key), bytes);
  }
}

describe('a release that means harm', () => {
  test('of every kind is told to be wrong, in a folder and behind an address, and nothing is written outside', async () => {
    const kinds = new Set<string>();
    for (const { name, files } of cases(1)) {
      if (name.endsWith(`, ${ROUNDS}`)) break;
      kinds.add(name.replace(/, \d+$/, ''));
      const folder = join(scratch, 'folder');
      const out = join(scratch, 'out', 'in');
      await lay(folder, files);
      host.show(files);
      const started = performance.now();
      for (const where of [folder, host.url]) {
        const found = await verifyRelease(where).catch((error: unknown) => error);
        if (found instanceof Error) expect(found, `${name}: ${found.stack}`).toBeInstanceOf(AtlasError);
        else expect((found as { problems: unknown[] }).problems.length, name).toBeGreaterThan(0);
      }
      const pulled = await pullRelease(host.url, out).catch((error: unknown) => error);
      if (pulled instanceof Error) expect(pulled, `${name}: ${pulled.stack}`).toBeInstanceOf(AtlasError);
      expect(performance.now() - started, name).toBeLessThan(20_000);
      expect((await readdir(scratch)).sort().join(), name).toMatch(/^folder(,out)?$/);
      if (existsSync(join(scratch, 'out'))) expect(await readdir(join(scratch, 'out')), name).toEqual(['in']);
      for (const used of ['folder', 'out']) await rm(join(scratch, used), { recursive: true, force: true });
    }
    expect(kinds.size).toBeGreaterThan(12);
  }, 120_000);
});

describe('a key', () => {
  test('is safe where every system and address carries it as it is', () => {
    for (const key of keys)
      expect(isSafeKey(key), JSON.stringify(key.slice(0, 40))).toBe(key === 'constructor' || key === '__proto__');
    for (const key of [
      'latest.json',
      'models/0a.onnx',
      'releases/1.0.0-ab/photos/größe 匙.jpg',
      'a/console.log',
      'a+b.c_d',
    ])
      expect(isSafeKey(key), key).toBe(true);
    for (const name of [
      'NUL',
      'lpt1.tar.gz',
      'a.',
      ' a',
      '.env',
      '',
      '..',
      'a/b',
      'a\\b',
      'a\tb',
      'a\u0085b',
      '\ufeffa',
    ])
      expect(isSafeName(name), JSON.stringify(name)).toBe(false);
  });
});

describe('a footer of a Parquet file', () => {
  const file = (footer: number[]) => {
    const tail = Buffer.alloc(8);
    tail.writeUInt32LE(footer.length);
    tail.write('PAR1', 4);
    return Buffer.concat([Buffer.from('PAR1'), Buffer.from(footer), tail]);
  };

  test('is gone through in no more steps than it has bytes', () => {
    // Field 3, a 64-bit number: zigzag 300 is 600.
    expect(readFooter(file([0x36, 0xd8, 0x04, 0])).rows).toBe(300);
    const listOfBillions = [0x29, 0xf1, 0xff, 0xff, 0xff, 0xff, 0x07, 0x16, 2, 0];
    expect(() => readFooter(file(listOfBillions))).toThrow(/cut off/);
    expect(() => readFooter(file(Array(500_000).fill(0x1c)))).toThrow(/too deeply/);
    expect(() => readFooter(file([0x15, 0x80]))).toThrow(/cut off/);
    expect(() => readFooter(file([0]))).toThrow(/no number of rows/);
  });

  test('names no more columns, nor longer ones, than any table has', () => {
    // Field 2, a list of structures; field 1 of each, a 32-bit number, is its type, and field 4, a text, its name.
    const column = (name: number[]) => [0x15, 10, 0x38, ...name, 0];
    const schema = (count: number[], columns: number[][]) => [0x29, ...count, ...columns.flat(), 0x16, 2, 0];
    const named = readFooter(file(schema([0x1c], [column([2, 0x61, 0x62])])));
    expect(named).toEqual({ rows: 1, columns: new Map([['ab', 'DOUBLE']]) });
    const many = Array.from({ length: 2 ** 14 }, () => column([1, 0x61]));
    expect(() => readFooter(file(schema([0xfc, 0x80, 0x80, 0x01], many)))).toThrow(/too many columns/);
    const long = column([0xe9, 0x07, ...Array(1001).fill(0x61)]);
    expect(() => readFooter(file(schema([0x1c], [long])))).toThrow(/too great a length/);
  });
});
