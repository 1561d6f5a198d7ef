import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeNpy } from '#shared/formats';
import { givenPerturbations } from '../../batch/harden/index.ts';

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
  const version = (name: string, value: number) =>
    put(`release/releases/${name}/perturbations/a/perturbation.npy`, value, {
      record: { attack: 'house', surrogates: ['vgg16', { id: 'alexnet' }] },
    });
  await version('1.0.0-aaaaaaaa', 7);
  await version('1.1.0-bbbbbbbb', 3);
  const manifest = { key: 'releases/1.1.0-bbbbbbbb/manifest.json', sha256: '0'.repeat(64) };
  await writeFile(join(folder, 'release/latest.json'), JSON.stringify({ version: '1.1.0-bbbbbbbb', manifest }));
  await put('release/releases/1.1.0-bbbbbbbb/perturbations/n/perturbation.npy', 9, { record: { attack: 'noise' } });
  // Beside a perturbation lie its other forms, which are not read: this one could not be.
  await writeFile(join(folder, 'release/releases/1.1.0-bbbbbbbb/perturbations/a/perturbation.safetensors'), 'none');
  await put('loose/one.npy', 4);
  await put('loose/deeper/two.npy', 5);
  await writeFile(join(folder, 'loose/holiday.png'), 'none');
  await put('large.npy', 6, { side: 5 });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const given = async (...sources: string[]) => {
  const { perturbations, noise } = await givenPerturbations(sources.map((source) => join(folder, source)));
  return { values: perturbations.map(({ v }) => v[0]), noise, perturbations };
};

test('of a release, those of the version that latest.json names are taken, without noise', async () => {
  const { values, noise, perturbations } = await given('release');
  expect([values, noise]).toEqual([[3], 1]);
  expect(perturbations[0]).toMatchObject({ size: 4, attack: 'house', surrogates: ['vgg16', 'alexnet'] });
  expect((await given('release/releases/1.0.0-aaaaaaaa')).values).toEqual([7]);
});

test('of a folder, arrays in it and below it are taken, each once, and pictures are not', async () => {
  const { values, perturbations } = await given('loose', 'loose/one.npy');
  expect(values).toEqual([4, 5]);
  expect(perturbations.map(({ attack }) => attack)).toEqual([null, null]);
});

test('perturbations of two sizes, and none at all, are refused', async () => {
  await expect(given('loose', 'large.npy')).rejects.toThrow(/one\.npy is of 4 pixels a side and .*large\.npy of 5/);
  await expect(given('release/releases/1.1.0-bbbbbbbb/perturbations/n')).rejects.toThrow(
    /no perturbation .* but noise/,
  );
});
