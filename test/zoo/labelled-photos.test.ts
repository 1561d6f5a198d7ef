import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { codecs } from '../../batch/photos/index.ts';
import { loadLabelledPhotos } from '../../batch/zoo/labelled-photos.ts';

const cat = fileURLToPath(new URL('../../zoo/starter/photos/cat.jpg', import.meta.url));
let root: string;
let folder: string;
let count = 0;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'atlas-labelled-'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));
beforeEach(() => {
  folder = join(root, String(count++));
});

const put = (...paths: string[]) => {
  for (const path of paths) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    cpSync(cat, join(folder, path));
  }
};
interface Said {
  labels?: string[] | null;
  wnids?: (string | undefined)[] | null;
  classes?: number;
}
const load = ({ labels = null, wnids = labels?.map(() => undefined) ?? null, classes = 3 }: Said) =>
  loadLabelledPhotos([folder], { canvas: 16, exact: 8, limit: 100, classes, labels, wnids });

const labels = ['cat', 'great white shark, white shark', 'hot-dog'];

describe('the class of a photo', () => {
  test.each([
    ['labels', ['cat/a.jpg', 'Great_White-Shark/a.jpg', 'hot dog/a.jpg'], { labels }],
    ['indices, with labels', ['0/a.jpg', '1/a.jpg', '002/a.jpg'], { labels }],
    ['indices, without', ['0/a.jpg', '1/a.jpg', '2/a.jpg'], {}],
    ['both', ['0 cat/a.jpg', '1.great white shark/a.jpg', '2_hot_dog/a.jpg'], { labels }],
    ['an index and words, without labels', ['00-cat/a.jpg', '01-shark/a.jpg', '2 x/a.jpg'], {}],
    ['folders within folders', ['train/cat/a.jpg', 'val/x/white/1/a.jpg', 'val/hot-dog/a.jpg'], { labels }],
    [
      'WordNet ids of some, labels of others',
      ['n02123045/a.jpg', 'n01484850_7.jpg', 'hot-dog/a.jpg'],
      { labels, wnids: ['n02123045', 'n01484850', undefined] },
    ],
  ])('is told by its folder: %s', async (_what, paths, said) => {
    put(...paths);
    expect((await load(said)).truth.toSorted()).toEqual([0, 1, 2]);
  });

  test('is not told by a label where none of the classes has a WordNet id', async () => {
    put('n02123045/a.jpg', 'cat/b.jpg');
    const { truth, unlabelled } = await load({ labels });
    expect(truth).toEqual([0]);
    expect(unlabelled).toEqual({ count: 1, first: join(folder, 'n02123045', 'a.jpg') });
    rmSync(join(folder, 'cat'), { recursive: true });
    await expect(load({ labels })).rejects.toThrow(/tells its class/);
  });

  test('is a label before it is an index, as of digits in another order', async () => {
    put('1/a.jpg', '0/b.jpg');
    // Sorted by path: 0, then 1.
    expect((await load({ labels: ['1', '0'], classes: 2 })).truth).toEqual([1, 0]);
  });

  test('is none of a label that two classes have', async () => {
    put('crane/a.jpg', 'cat/a.jpg');
    expect((await load({ labels: ['crane', 'crane', 'cat'] })).truth).toEqual([2]);
  });

  test('is not guessed where folders are counted from 1', async () => {
    put('1/a.jpg', '2/a.jpg', '3/a.jpg');
    await expect(load({})).rejects.toThrow(/folder 3 and no folder 0.*0 to 2.*counted from 1/);
  });
});

describe('photos as they are', () => {
  test('are those of the size of the input, all of them or none', async () => {
    const { encodePng } = await codecs();
    const data = Uint8ClampedArray.from({ length: 4 * 64 }, (_, i) => (i % 4 === 3 ? 255 : i));
    mkdirSync(join(folder, '0'), { recursive: true });
    writeFileSync(join(folder, '0/a.png'), await encodePng({ data, width: 8, height: 8 }));
    const { exact } = await load({});
    expect(exact?.size).toBe(8);
    expect(exact?.pixels).toHaveLength(192);
    for (const [c, i] of [
      [0, 0],
      [1, 9],
      [2, 63],
    ])
      expect(exact?.pixels[64 * c + i]).toBe(data[4 * i + c]);
    put('1/b.jpg');
    const both = await load({});
    expect(both.exact).toBeNull();
    expect(both.truth).toEqual([0, 1]);
  });
});
