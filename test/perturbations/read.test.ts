import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeNpy } from '#shared/formats';
import { readPerturbations } from '../../batch/perturbations/index.ts';
import { writeSmallRelease } from '../support/small-release.ts';

let folder: string;
/** An array whose values tell which it is. */
async function put(path: string, value: number, { side = 4, record }: { side?: number; record?: unknown } = {}) {
  const file = join(folder, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, writeNpy(new Float32Array(3 * side * side).fill(value), [3, side, side]));
  if (record) await writeFile(join(dirname(file), 'record.json'), JSON.stringify(record));
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'atlas-perturbations-'));
  await writeSmallRelease(join(folder, 'release'), { version: '1.0.0', bound: 9 });
  await writeSmallRelease(join(folder, 'release'), { version: '1.1.0', bound: 7 });
  await put('crafts/a/perturbation.npy', 7, { record: { attack: 'house', surrogates: ['vgg16', { id: 'alexnet' }] } });
  // Beside a perturbation lie its other forms, which are not read: this one could not be.
  await writeFile(join(folder, 'crafts/a/perturbation.safetensors'), 'none');
  await put('loose/one.npy', 4);
  await writeFile(join(folder, 'loose/one.safetensors'), 'none');
  await put('loose/deeper/two.npy', 5);
  await writeFile(join(folder, 'loose/holiday.png'), 'none');
  await put('large.npy', 6, { side: 5 });
  await put('small-unit.npy', 0.02);
  await mkdir(join(folder, 'empty'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const read = (...sources: string[]) => readPerturbations(sources.map((source) => join(folder, source)));

test('of a release, those of the version that latest.json names are taken, by id, with what it says of them', async () => {
  const [only, ...others] = await read('release');
  expect(others).toEqual([]);
  expect(only).toMatchObject({ id: 'noise.inf10.s1', size: 8, attack: 'noise', surrogates: [] });
  expect([only.v[0], only.v[1]]).toEqual([-7, 7]);
  const [older] = await read('release/releases/1.0.0');
  expect(older.v[1]).toBe(9);
});

test('of a folder, arrays in it and below it are taken, each once, by name, and pictures are not', async () => {
  const found = await read('loose', 'loose/one.npy', 'crafts');
  expect(found.map(({ id, v, attack }) => [id, v[0], attack])).toEqual([
    ['one', 4, null],
    ['two', 5, null],
    ['a', 7, 'house'],
  ]);
  expect(found[2].surrogates).toEqual(['vgg16', 'alexnet']);
});

test('in the unit that is said, where files do not tell it', async () => {
  await expect(read('small-unit.npy')).rejects.toThrow(/--scale/);
  const [one] = await readPerturbations([join(folder, 'small-unit.npy')], { scale: 1 });
  expect(one.v[0]).toBeCloseTo(0.02 * 255, 5);
});

test('perturbations of two sizes, and none at all, are refused', async () => {
  await expect(read('loose', 'large.npy')).rejects.toThrow(
    /large\.npy is for a canvas of 5 pixels, and "one" for one of 4/,
  );
  await expect(read('empty')).rejects.toThrow(/no perturbation in .*empty/);
});
