import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readArrays, readPerturbation as readWith } from '../../batch/arrays/index.ts';
import { readBytes } from '../../batch/files/index.ts';

/**
 * h5py wrote groups.h5, hdf5storage v73.mat in MATLAB's form: value i is i % 21 - 10, in the order [3,6,6]. groups.h5
 * has links that lead in circles, elsewhere and nowhere, and arrays whose numbers lie in other files.
 */
const fixtures = fileURLToPath(new URL('../fixtures/perturbations/', import.meta.url));
const groups = join(fixtures, 'groups.h5');
const chw = Array.from({ length: 108 }, (_, i) => (i % 21) - 10);
const readPerturbation = (path: string, given: Parameters<typeof readWith>[1] = {}) =>
  readWith(path, given, () => {
    throw new Error('this is no picture');
  });

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'atlas-hdf5-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('HDF5', () => {
  test('is read from within groups, compressed and big-endian, beside all else that such files have', async () => {
    const file = await readPerturbation(groups);
    expect(file).toMatchObject({ array: 'attack/inner/uap:0', shape: [3, 6, 6], layout: 'CHW' });
    expect([...file.v]).toEqual(chw);
  });

  test.each(['attack/half', 'attack/double_hwc', 'whole'])('is read where it is asked for: %s', async (array) => {
    expect([...(await readPerturbation(groups, { array })).v]).toEqual(chw);
  });

  test('of MATLAB 7.3 has the axes that MATLAB shows', async () => {
    const file = await readPerturbation(join(fixtures, 'v73.mat'));
    expect(file).toMatchObject({ array: 'r', shape: [6, 6, 3], layout: 'HWC' });
    expect([...file.v]).toEqual(chw);
    await copyFile(join(fixtures, 'v73.mat'), join(folder, 'renamed.h5'));
    expect([...(await readPerturbation(join(folder, 'renamed.h5'))).v]).toEqual(chw);
  });

  test('gives no number that is not in the file: what lies elsewhere, or is packed in other ways, is refused', async () => {
    const contents = await readArrays(groups, await readBytes(groups));
    const why = Object.fromEntries(contents!.others.map((other) => [other.name, other.why]));
    expect(why).toMatchObject({
      mask: 'no array of real numbers',
      names: 'no array of real numbers',
      virtual: 'its numbers lie in other files',
      lzf: expect.stringContaining('filter lzf'),
    });
    expect(contents!.arrays.map(({ name }) => name)).not.toContain('elsewhere');
    // Its numbers are said to be /etc/hostname.
    await expect(readPerturbation(groups, { array: 'outside' })).rejects.toThrow(/"outside" cannot be read/);
    await expect(readPerturbation(groups, { array: 'virtual' })).rejects.toThrow(/other files/);
  });

  test('that claims far more than it has is refused', async () => {
    await expect(readPerturbation(join(fixtures, 'chunk.h5'))).rejects.toThrow(/cannot be read/);
    await expect(readPerturbation(join(fixtures, 'deep.h5'))).rejects.toThrow(/no array with the shape/);
  });
});
