import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { writeNpy } from '#shared/formats';
import { canvasFromRgba } from '#shared/images';
import { alike, fingerprintsOf, type Half, inHashOrder, splitPhotos } from '#shared/photos';
import { random, syntheticKinds } from '#shared/synthetic';
import { codecs, loadPhotos } from '../../batch/photos/index.ts';
import { findPhotos } from '../../batch/studies/photos.ts';
import { spectrumNoise } from '../../shared/synthetic/spectrum.ts';

const starter = fileURLToPath(new URL('../../zoo/starter/photos/', import.meta.url));
let root: string;
let folder: string;
let count = 0;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'atlas-photos-'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));
beforeEach(() => {
  folder = join(root, String(count++));
  mkdirSync(folder);
});

const copy = (from: string, to: string) => cpSync(join(starter, from), join(folder, to));

describe('a folder of photos', () => {
  test('becomes canvases in the order of the names, the same pixels as shared/images makes', async () => {
    copy('cat.jpg', 'b.JPEG');
    copy('dog.jpg', 'a.jpg');
    const { decode, encodePng } = await codecs();
    const cat = await decode(Uint8Array.from(readFileSync(join(starter, 'cat.jpg'))));
    writeFileSync(join(folder, 'C.png'), await encodePng(cat));
    writeFileSync(join(folder, 'photos.json'), '[]');
    writeFileSync(join(folder, '.hidden.jpg'), '');
    const photos = await loadPhotos([folder], { canvas: 64 });
    expect(photos.names).toEqual(['C.png', 'a.jpg', 'b.JPEG']);
    expect(photos.pixels.buffer).toBeInstanceOf(SharedArrayBuffer);
    const canvas = Uint8Array.from(canvasFromRgba(cat, 64));
    expect(photos.pixels.subarray(0, canvas.length)).toEqual(canvas);
    expect(photos.pixels.subarray(2 * canvas.length)).toEqual(canvas);
    expect(photos.skipped).toEqual([]);
  });

  test('photos that cannot be read are skipped with their reason, and are an error with strict', async () => {
    copy('cat.jpg', 'good.jpg');
    writeFileSync(join(folder, 'a-cut.jpg'), readFileSync(join(starter, 'cat.jpg')).subarray(0, 3000));
    writeFileSync(join(folder, 'b-text.png'), 'this is text');
    writeFileSync(join(folder, 'c-empty.webp'), '');
    writeFileSync(join(folder, 'd.gif'), 'GIF89a');
    const photos = await loadPhotos([folder], { canvas: 32 });
    expect(photos.names).toEqual(['good.jpg']);
    // Those before it leave no gap.
    expect(photos.pixels).toEqual((await loadPhotos([join(folder, 'good.jpg')], { canvas: 32 })).pixels);
    expect(photos.skipped.map(({ file }) => file)).toEqual(['a-cut.jpg', 'b-text.png', 'c-empty.webp', 'd.gif']);
    for (const { reason } of photos.skipped) expect(reason.length).toBeGreaterThan(10);
    await expect(loadPhotos([folder], { canvas: 32, strict: true })).rejects.toThrow(/a-cut\.jpg cannot be read/);
  });

  test('a photo that would take more memory than one may is skipped by its header and its length', async () => {
    copy('cat.jpg', 'good.jpg');
    const large = readFileSync(join(starter, 'cat.jpg'));
    const frame = large.indexOf(Buffer.from([0xff, 0xc0]));
    large.writeUInt16BE(9000, frame + 5);
    large.writeUInt16BE(9000, frame + 7);
    writeFileSync(join(folder, 'large.jpg'), large);
    const { names, skipped } = await loadPhotos([folder], { canvas: 32 });
    expect(names).toEqual(['good.jpg']);
    expect(skipped).toEqual([{ file: 'large.jpg', reason: expect.stringMatching(/9000 x 9000 .*more memory/) }]);
  });

  test('of the size of the canvas are taken as they are where the fit is exact, and others are skipped', async () => {
    const { encodePng } = await codecs();
    const data = Uint8Array.from({ length: 4 * 32 * 32 }, (_, i) => (i % 4 === 3 ? 255 : (37 * i) % 256));
    writeFileSync(join(folder, 'own.png'), await encodePng({ data, width: 32, height: 32 }));
    copy('cat.jpg', 'cat.jpg');
    const { names, pixels, skipped } = await loadPhotos([folder], { canvas: 32, fit: 'exact' });
    expect(names).toEqual(['own.png']);
    expect(pixels).toEqual(Uint8Array.from({ length: 3072 }, (_, i) => data[4 * (i % 1024) + Math.floor(i / 1024)]));
    expect(skipped).toEqual([{ file: 'cat.jpg', reason: expect.stringMatching(/only pictures of 32 x 32 are taken/) }]);
    await expect(loadPhotos([folder], { canvas: 32, fit: 'exact', strict: true })).rejects.toThrow(/cat\.jpg/);
    await expect(loadPhotos([folder], { canvas: 64, fit: 'exact' })).rejects.toThrow(/None of the 2 photos/);
  });

  test.each([
    ['that does not exist', 'nowhere', () => {}, /There is no .*nowhere/],
    ['with nothing in it', '', () => {}, /has no JPEG, PNG or WebP file/],
    ['that holds only folders', '', () => mkdirSync(join(folder, 'inner')), /nor in a folder inside it/],
    ['that is another file', 'x.pdf', () => writeFileSync(join(folder, 'x.pdf'), ''), /neither a folder/],
    ['that is an empty list', 'x.txt', () => writeFileSync(join(folder, 'x.txt'), '# none\n'), /names no photo/],
    ['with nothing readable', '', () => writeFileSync(join(folder, 'x.jpg'), 'no'), /None of the 1 photos.*x\.jpg/],
  ])('%s is refused', async (_what, path, make, says) => {
    make();
    await expect(loadPhotos([join(folder, path)], { canvas: 32 })).rejects.toThrow(says);
  });

  test('only loads what is asked for; names in two folders are told apart', async () => {
    copy('cat.jpg', 'cat.jpg');
    copy('dog.jpg', 'dog.jpg');
    const only = await loadPhotos([folder], { canvas: 32, only: (file) => file === 'dog.jpg' });
    expect(only.names).toEqual(['dog.jpg']);
    const other = join(root, 'other');
    cpSync(join(starter, 'moose.jpg'), join(other, 'cat.jpg'));
    const both = await loadPhotos([folder, other, join(starter, 'panda.jpg')], { canvas: 32 });
    expect(both.names).toEqual([expect.stringMatching(/^\d+\/cat\.jpg$/), 'dog.jpg', 'other/cat.jpg', 'panda.jpg']);
  });

  test('has the photos of the folders inside it, named by their path, each once', async () => {
    copy('cat.jpg', 'x.jpg');
    for (const inner of ['dogs', 'cats/black', '.thumbnails', '__empty'])
      mkdirSync(join(folder, inner), { recursive: true });
    copy('dog.jpg', 'dogs/1.jpg');
    copy('cat.jpg', 'cats/1.jpg');
    copy('panda.jpg', 'cats/black/1.jpg');
    copy('moose.jpg', '.thumbnails/1.jpg');
    writeFileSync(join(folder, 'dogs/credits.json'), '[]');
    symlinkSync(folder, join(folder, 'cats/again'));
    symlinkSync(join(folder, 'nowhere'), join(folder, 'cats/gone'));
    const names = ['cats/1.jpg', 'cats/black/1.jpg', 'dogs/1.jpg', 'x.jpg'];
    const photos = await loadPhotos([folder], { canvas: 16 });
    expect(photos.names).toEqual(names);
    const twice = await loadPhotos([folder, join(folder, 'dogs')], { canvas: 16 });
    expect(twice.names).toEqual(names);
    // A study sees the same, and so do both halves.
    const study = await findPhotos(folder, join(root, 'none'), { keep: false });
    const found = [...study.files.crafting, ...study.files.evaluation].map(([name]) => name);
    expect(found.toSorted()).toEqual(names);
    for (const half of ['crafting', 'evaluation'] as const) {
      const loaded = await loadPhotos([folder], { canvas: 16, half });
      expect(study.files[half].map(([name]) => name)).toEqual(loaded.names);
    }
  });

  test('keeps the groups of the folders inside it together, for a study and for the command line', async () => {
    mkdirSync(join(folder, 'castles'));
    const castle = ['neuschwanstein-castle.jpg', 'neuschwanstein.jpg'];
    expect(splitPhotos(castle).crafting).toHaveLength(1);
    for (const name of castle) copy(name, `castles/${name}`);
    for (const name of ['cat.jpg', 'moose.jpg', 'toucan.jpg', 'windmill5.jpg']) copy(name, name);
    writeFileSync(join(folder, 'castles/groups.json'), JSON.stringify([castle]));
    const study = await findPhotos(folder, join(root, 'none'), { keep: false });
    const crafting = study.files.crafting.map(([name]) => name);
    expect((await loadPhotos([folder], { canvas: 16, half: 'crafting' })).names).toEqual(crafting);
    expect(crafting.filter((name) => name.startsWith('castles/'))).toHaveLength(2);
  });

  test('the hash of a set changes with its photos and their order, and with nothing else', async () => {
    copy('cat.jpg', 'a.jpg');
    copy('dog.jpg', 'b.jpg');
    const photos = await loadPhotos([folder], { canvas: 32 });
    const again = await loadPhotos([folder], { canvas: 32 });
    expect(again.sha256([0, 1])).toBe(photos.sha256([0, 1]));
    const others = [
      photos.sha256([0]),
      photos.sha256([1, 0]),
      (await loadPhotos([folder], { canvas: 33 })).sha256([0, 1]),
    ];
    expect(new Set([photos.sha256([0, 1]), ...others]).size).toBe(4);
    // The same pixels under another name, and other pixels under the same.
    const one = async (from: string, to: string) => {
      const inside = join(folder, `${from}-${to}`);
      mkdirSync(inside);
      cpSync(join(starter, from), join(inside, to));
      return (await loadPhotos([inside], { canvas: 32 })).sha256([0]);
    };
    expect(await one('cat.jpg', 'a.jpg')).toBe(photos.sha256([0]));
    expect(await one('cat.jpg', 'c.jpg')).not.toBe(photos.sha256([0]));
    expect(await one('dog.jpg', 'a.jpg')).not.toBe(photos.sha256([0]));
  });

  test('can be left by a signal', async () => {
    await expect(loadPhotos([starter], { canvas: 32, signal: AbortSignal.abort() })).rejects.toThrow(/abort/i);
  });
});

describe('other sources', () => {
  test('a list names its photos in its own order, relative to itself; one that is missing is skipped and counted', async () => {
    copy('cat.jpg', 'cat.jpg');
    copy('dog.jpg', 'dog.jpg');
    writeFileSync(join(folder, 'list.txt'), '# mine\ndog.jpg\n\ncat.jpg\ngone.jpg\n');
    const photos = await loadPhotos([join(folder, 'list.txt')], { canvas: 32 });
    expect(photos.names).toEqual(['dog.jpg', 'cat.jpg']);
    expect(photos.skipped.map(({ file }) => file)).toEqual(['gone.jpg']);
    await expect(loadPhotos([join(folder, 'list.txt')], { canvas: 32, strict: true })).rejects.toThrow(/gone\.jpg/);
  });

  test('the starter pack, and canvases beside photos', async () => {
    const pack = await loadPhotos(['starter'], { canvas: 16, only: (file) => file < 'b' });
    expect(pack.names).toContain('alpaca.jpg');
    copy('cat.jpg', 'cat.jpg');
    writeFileSync(join(folder, 'two.npy'), writeNpy(new Uint8Array(2 * 3 * 16 * 16).fill(7), [2, 3, 16, 16]));
    const both = await loadPhotos([join(folder, 'two.npy'), folder], { canvas: 16 });
    expect(both.names).toEqual(['cat.jpg', 'two-000000', 'two-000001']);
    expect(both.pixels.subarray(-3)).toEqual(new Uint8Array([7, 7, 7]));
  });

  test.each(syntheticKinds)(
    '%s pictures are drawn from the seed, differ, and use the range of pixels',
    async (kind) => {
      const draw = (seed: number, count = 4) => loadPhotos([`synthetic:${kind}:${count}`], { canvas: 32, seed });
      const [one, again, other] = [await draw(1), await draw(1, 2), await draw(2)];
      expect(again.pixels).toEqual(one.pixels.subarray(0, again.pixels.length));
      expect(other.pixels).not.toEqual(one.pixels);
      const plane = 3 * 32 * 32;
      expect(one.pixels.subarray(0, plane)).not.toEqual(one.pixels.subarray(plane, 2 * plane));
      expect(Math.max(...one.pixels) - Math.min(...one.pixels)).toBeGreaterThan(80);
    },
  );

  test('1/f pictures are as strong at coarse scales as at fine ones', () => {
    const size = 64;
    const noise = spectrumNoise(size, random(1, 'test'));
    // Differences between means of blocks: what is left of the picture at that scale.
    const strength = (block: number) => {
      const means = Array.from({ length: (size / block) ** 2 }, (_, i) => {
        const [top, left] = [Math.floor((i * block) / size) * block, (i * block) % size];
        let sum = 0;
        for (let y = 0; y < block; y++) for (let x = 0; x < block; x++) sum += noise[(top + y) * size + left + x];
        return sum / block ** 2;
      });
      return Math.sqrt(means.reduce((sum, value) => sum + value * value, 0) / means.length);
    };
    // White noise would lose half with every doubling of the block; equal octaves lose little.
    expect(strength(8) / strength(1)).toBeGreaterThan(0.5);
    expect(strength(8)).toBeLessThan(strength(1));
  });

  test('refuses kinds of pictures that there are not, and none at all', async () => {
    await expect(loadPhotos(['synthetic:jigsaws'], { canvas: 8 })).rejects.toThrow(/Did you mean "jigsaw"/);
    await expect(loadPhotos(['synthetic:jigsaw:0'], { canvas: 8 })).rejects.toThrow(/1 or more/);
  });
});

describe('an .npy file of canvases', () => {
  const values = Array.from({ length: 2 * 3 * 8 * 8 }, (_, i) => i % 256);
  const write = (data: Float32Array<ArrayBuffer> | Uint8Array<ArrayBuffer>, shape: number[]) => {
    const path = join(folder, 'set.npy');
    writeFileSync(path, writeNpy(data, shape));
    return path;
  };

  test.each([
    ['uint8', () => Uint8Array.from(values)],
    ['float32, rounded', () => Float32Array.from(values, (value) => value + (value < 255 ? 0.4 : 0))],
  ])('%s', async (_type, data) => {
    const photos = await loadPhotos([write(data(), [2, 3, 8, 8])], { canvas: 8 });
    expect(photos.names).toEqual(['set-000000', 'set-000001']);
    expect([...photos.pixels]).toEqual(values);
  });

  test.each([
    ['another shape', Uint8Array.from(values), [2, 8, 8, 3], 8, /shape \[2,8,8,3\]/],
    ['another canvas', Uint8Array.from(values), [2, 3, 8, 8], 224, /8 pixels wide, and 224/],
    ['pixels in 0..1', Float32Array.from(values, (value) => value / 255), [2, 3, 8, 8], 8, /0\.\.1/],
    ['a pixel of 300', Float32Array.from(values, () => 300), [2, 3, 8, 8], 8, /value 300/],
    ['not a number', Float32Array.from(values, () => Number.NaN), [2, 3, 8, 8], 8, /NaN/],
  ])('refuses %s', async (_what, data, shape, canvas, says) => {
    await expect(loadPhotos([write(data, shape)], { canvas })).rejects.toThrow(says);
  });

  test('refuses a file that is none', async () => {
    const path = join(folder, 'text.npy');
    writeFileSync(path, 'text');
    await expect(loadPhotos([path], { canvas: 8 })).rejects.toThrow(/text\.npy/);
    await expect(loadPhotos([`${path}x.npy`], { canvas: 8 })).rejects.toThrow(/no such file/);
  });
});

describe('the split into crafting and evaluation', () => {
  const names = Array.from({ length: 1000 }, (_, i) => `photo-${i}.jpg`);

  test('takes each photo once, about half on each side', () => {
    const { crafting, evaluation } = splitPhotos(names);
    expect([...crafting, ...evaluation].sort((a, b) => a - b)).toEqual(names.map((_, i) => i));
    expect(Math.abs(crafting.length - 500)).toBeLessThan(60);
  });

  test('goes by the first digit of the SHA-256 of the name: below 8 crafts', () => {
    // printf photo-4.jpg | sha256sum, and so on.
    const digits = { 0: 'photo-6.jpg', 7: 'photo-0.jpg', 8: 'photo-18.jpg', 9: 'photo-4.jpg', f: 'photo-13.jpg' };
    for (const [digit, name] of Object.entries(digits)) {
      expect(createHash('sha256').update(name).digest('hex')[0]).toBe(digit);
      expect(splitPhotos([name]).crafting, name).toEqual(Number.parseInt(digit, 16) < 8 ? [0] : []);
    }
  });

  test('has an order of names that nobody chose: that of their SHA-256', () => {
    const hashes = new Map(names.map((name) => [createHash('sha256').update(name).digest('hex'), name]));
    expect(inHashOrder(names)).toEqual([...hashes.keys()].sort().map((hash) => hashes.get(hash)));
  });

  test('a photo keeps its side whatever others are there and whichever folder it is in', () => {
    const craft = new Set(splitPhotos(names).crafting.map((i) => names[i]));
    const few = names.slice(300, 420).reverse();
    expect(splitPhotos(few).crafting.map((i) => few[i])).toEqual(few.filter((name) => craft.has(name)));
    expect(splitPhotos(names.map((name) => `folder/${name}`))).toEqual(splitPhotos(names));
  });

  test('a photo of a group goes where the first of the group goes, for a study and for the command line', async () => {
    const { crafting, evaluation } = splitPhotos(names);
    const [here, there] = [names[crafting[0]], names[evaluation[0]]];
    const groups = new Map([here, there].map((name) => [name, there]));
    expect(splitPhotos([here, there], groups)).toEqual({ crafting: [], evaluation: [0, 1] });
    // One castle from one spot, which the hash of its two names would part.
    const castle = ['neuschwanstein-castle.jpg', 'neuschwanstein.jpg'];
    expect(splitPhotos(castle).crafting).toHaveLength(1);
    const others = ['cat.jpg', 'moose.jpg', 'toucan.jpg', 'windmill5.jpg'];
    for (const name of [...castle, ...others]) copy(name, name);
    writeFileSync(join(folder, 'groups.json'), JSON.stringify([castle]));
    const half = async (which: Half) => (await loadPhotos([folder], { canvas: 16, half: which })).names;
    expect(await half('crafting')).toEqual(expect.arrayContaining(castle));
    expect((await half('evaluation')).some((name) => castle.includes(name))).toBe(false);
    const files = async (which: Half) => (await findPhotos(folder, join(root, 'none'), { keep: false })).files[which];
    expect((await files('crafting')).map(([name]) => name)).toEqual(await half('crafting'));
    expect((await files('evaluation')).map(([name]) => name)).toEqual(await half('evaluation'));
  });

  test('refuses groups that are none, and a photo in two of them', async () => {
    copy('cat.jpg', 'cat.jpg');
    const load = (text: string) => {
      writeFileSync(join(folder, 'groups.json'), text);
      return loadPhotos([folder], { canvas: 16 });
    };
    await expect(load('[["cat.jpg"]]')).rejects.toThrow(/groups\.json.*at least 2/s);
    await expect(load('[["a.jpg", "b.jpg"], ["b.jpg", "c.jpg"]]')).rejects.toThrow(/names the photo b\.jpg twice/);
  });
});

describe("the files of a study's photos", () => {
  const hashOf = (text: string) => createHash('sha256').update(text).digest('hex');

  test('are read again where size or time have changed, and the other one has not', async () => {
    const cache = join(folder, 'photos.json');
    const inside = join(folder, 'photos');
    mkdirSync(inside);
    for (const name of ['cat.jpg', 'neuschwanstein.jpg', 'neuschwanstein-castle.jpg', 'moose.jpg'])
      writeFileSync(join(inside, name), 'first');
    const look = async () =>
      Object.fromEntries(Object.values((await findPhotos(inside, cache, { keep: true })).files).flat())['cat.jpg'];
    const cat = join(inside, 'cat.jpg');
    expect(await look()).toBe(hashOf('first'));
    // As many bytes, a minute later.
    writeFileSync(cat, 'other');
    utimesSync(cat, 1e9, 1e9 + 60);
    expect(await look()).toBe(hashOf('other'));
    // At the same time, one byte more.
    writeFileSync(cat, 'others');
    utimesSync(cat, 1e9, 1e9 + 60);
    expect(await look()).toBe(hashOf('others'));
  });
});

describe('photos that look alike', () => {
  test('are found in another size, brighter and in grey; others are not', async () => {
    const { names, pixels } = await loadPhotos([starter], { canvas: 64 });
    const own = fingerprintsOf(pixels, 64);
    expect(alike(own, own).every(([i, k]) => i === k)).toBe(true);
    expect(alike(own, own)).toHaveLength(names.length);
    const plane = 64 * 64;
    const found = (change: (value: number, i: number) => number) =>
      alike(own, fingerprintsOf(pixels.map(change), 64)).filter(([i, k]) => i === k).length / names.length;
    expect(found((value) => Math.min(255, 1.2 * value))).toBeGreaterThan(0.95);
    const grey = (i: number) => {
      const at = i - (Math.floor(i / plane) % 3) * plane;
      return 0.299 * pixels[at] + 0.587 * pixels[at + plane] + 0.114 * pixels[at + 2 * plane];
    };
    expect(found((_, i) => grey(i))).toBe(1);
    const larger = await loadPhotos([starter], { canvas: 96 });
    const across = alike(own, fingerprintsOf(larger.pixels, 96));
    expect(across.filter(([i, k]) => i === k).length / names.length).toBeGreaterThan(0.95);
    expect(across.every(([i, k]) => i === k)).toBe(true);
  });

  test('are not those that are the same across and differ down, or the other way', () => {
    const size = 36;
    const picture = (value: (x: number, y: number) => number) =>
      Uint8Array.from({ length: 3 * size * size }, (_, i) => 10 + 6 * value(i % size, Math.floor(i / size) % size));
    const of = (value: Parameters<typeof picture>[0]) => fingerprintsOf(picture(value), size);
    expect(
      alike(
        of((_x, y) => y),
        of((_x, y) => size - 1 - y),
      ),
    ).toEqual([]);
    expect(
      alike(
        of((x) => x),
        of((x) => size - 1 - x),
      ),
    ).toEqual([]);
    expect(
      alike(
        of((x, y) => (x + y) / 2),
        of((x, y) => (x + y) / 3),
      ),
    ).toEqual([[0, 0]]);
  });

  test('are told by nobody where there is nothing to see', () => {
    expect(fingerprintsOf(new Uint8Array(3 * 32 * 32).fill(90), 32)).toEqual([null]);
    expect(fingerprintsOf(new Uint8Array(3 * 8 * 8).fill(90), 8)).toEqual([null]);
    expect(alike([null], [null])).toEqual([]);
    // Not like one that is darker and darker to the right and below, whose bits are all 0.
    expect(alike(['0'.repeat(32)], [null])).toEqual([]);
    expect(alike([null], ['0'.repeat(32)])).toEqual([]);
  });
});
