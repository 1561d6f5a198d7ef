/** Finding out a preprocessing on photos of which it is known what the model says of them. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Compute } from '#shared/compute';
import { argmax } from '#shared/metrics';
import { guessNormalisation } from '#shared/zoo';
import { openCompute } from '../../batch/compute/index.ts';
import { codecs } from '../../batch/photos/index.ts';
import { loadLabelledPhotos } from '../../batch/zoo/labelled-photos.ts';
import { usualNormalisations } from '../../shared/zoo/normalisations.ts';
import { tinyModel, tinyPhotos } from '../support/tiny-model.ts';

let compute: Compute;
beforeAll(async () => {
  compute = await openCompute({ provider: 'cpu', workers: 1 });
});
afterAll(() => compute.close());

const model = tinyModel();
const { length, classes, weights } = model;
const pool = tinyPhotos({ count: 400 });
const labels = Array.from({ length: 400 }, (_, photo) =>
  argmax(
    Array.from({ length: classes }, (_, k) => {
      let sum = 0;
      for (let i = 0; i < length; i++) sum += (pool.pixels[photo * length + i] - 127.5) * weights[i * classes + k];
      return sum;
    }),
  ),
);
/** Photos of which the model says these labels, in this order. */
function photosSaying(wanted: number[]) {
  const taken = new Set<number>();
  const pixels = new Uint8Array(wanted.length * length);
  for (const [place, label] of wanted.entries()) {
    const photo = labels.findIndex((said, i) => said === label && !taken.has(i));
    taken.add(photo);
    pixels.set(pool.pixels.subarray(photo * length, (photo + 1) * length), place * length);
  }
  return { pixels, size: 8 };
}
const input = { channels: 'colour' as const, isWhole: false };
/** The model takes no notice of the preprocessing, so that every candidate does as well. */
const guess = (said: number[], truth: number[]) =>
  guessNormalisation({ input, prepare: async () => model, photos: photosSaying(said), truth, compute });

describe('a guess', () => {
  const turns = Array.from({ length: 24 }, (_, i) => i % 4);

  test('is better than chance where nearly all labels are right', async () => {
    const found = await guess(turns, turns);
    expect(found).toMatchObject({ photos: 24, chance: 0.25, betterThanChance: true });
    expect(found.candidates).toHaveLength(usualNormalisations.length);
    expect(found.candidates.every(({ right, ratio }) => right === 24 && ratio === 1)).toBe(true);
    expect(found.tied).toHaveLength(usualNormalisations.length - 1);
  });

  test('has the most accurate candidate first, and of equals the one that is surer', async () => {
    const other = tinyModel({ seed: 2 });
    // What wants 0..255 in RGB gets it right; all others get another model.
    const found = await guessNormalisation({
      prepare: async ({ range, channelOrder }) => (range === 255 && channelOrder === 'RGB' ? model : other),
      ...{ input, photos: photosSaying(turns), truth: turns, compute },
    });
    const rights = found.candidates.map(({ right }) => right);
    expect(rights).toEqual(rights.toSorted((a, b) => b - a));
    const best = found.candidates.filter(({ right }) => right === 24);
    expect(best.map(({ name }) => name).sort()).toEqual(
      usualNormalisations
        .filter(({ normalisation: { range, channelOrder } }) => range === 255 && channelOrder === 'RGB')
        .map(({ name }) => name)
        .sort(),
    );
    expect(found.tied.sort()).toEqual(
      best
        .slice(1)
        .map(({ name }) => name)
        .sort(),
    );
  });

  test('is none where always giving the commonest answer would be as good', async () => {
    const same = turns.map(() => 2);
    expect(await guess(same, same)).toMatchObject({ chance: 1, betterThanChance: false });
  });

  test('is none where one of so many candidates may well be so lucky', async () => {
    // Of 24 photos 13 right by chance of 1/4: once in 500 times, and 13 candidates are tried.
    const wrong = turns.map((label, i) => (i < 11 ? (label + 1) % 4 : label));
    expect(await guess(wrong, turns)).toMatchObject({ chance: 0.25, betterThanChance: false });
    // With 16 right it is once in 100,000 times.
    const better = turns.map((label, i) => (i < 8 ? (label + 1) % 4 : label));
    expect(await guess(better, turns)).toMatchObject({ betterThanChance: true });
  });
});

describe('photos in folders', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'atlas-labelled-'));
    const { encodePng } = await codecs();
    const write = async (name: string, count: number) => {
      await mkdir(join(folder, name));
      for (let i = 0; i < count; i++) {
        const data = new Uint8Array(4).fill(255).fill(10 * i, 0, 3);
        await writeFile(
          join(folder, name, `${String(i).padStart(2, '0')}.png`),
          await encodePng({ data, width: 1, height: 1 }),
        );
      }
    };
    await write('crane', 2);
    await write('Great_White-Shark', 6);
    await write('0', 1);
    await write('2', 1);
    await write('4', 1);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
  const load = (limit: number) =>
    loadLabelledPhotos([folder], {
      ...{ canvas: 1, limit, classes: 4, wnids: null, exact: null },
      labels: ['crane', 'great white shark', 'hen', 'crane'],
    });

  test('have the class of their folder by label or index, and none where two classes have that label or no class has the index', async () => {
    const { truth } = await load(100);
    // "0", "2", then the shark; "4" is the first beyond the classes, and there are two cranes.
    expect(truth).toEqual([0, 2, 1, 1, 1, 1, 1, 1]);
  });

  test('are spread over all that there are where some are enough', async () => {
    const { truth, pixels } = await load(3);
    expect(truth).toEqual([0, 1, 1]);
    expect([...pixels].filter((_, i) => i % 3 === 0)).toEqual([0, 0, 30]);
  });
});
