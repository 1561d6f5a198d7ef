import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readNpy, writeNpy, writeSafetensors } from '#shared/formats';
import { linfNorm } from '#shared/images';
import { readPerturbation } from '../../batch/cli/perturbation-file.ts';
import { atlas } from './atlas.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'atlas-craft-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const photos = ['--photos', 'zoo/starter/photos'];

describe('atlas craft', () => {
  it('crafts, and evaluates what it crafted, with JSON alone on standard output', async () => {
    const out = join(folder, 'squeezenet');
    const crafted = await atlas([
      ...'craft --model squeezenet1_1 --attack cosine-uap --half crafting --budget gradients=100 --json --provider cpu --out'.split(
        ' ',
      ),
      out,
      ...photos,
    ]);
    expect(crafted.code).toBe(0);
    const lines = crafted.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.slice(0, -1).every(({ event }) => event === 'progress')).toBe(true);
    const last = lines.at(-1);
    expect(last).toMatchObject({ event: 'done', gradients: 100, perturbation: join(out, 'perturbation.npy') });
    expect(last.fooling.crafting.photos).toBeGreaterThan(100);
    const { shape, data } = readNpy(await readFile(last.perturbation));
    expect(shape).toEqual([3, 224, 224]);
    expect(linfNorm(data as Float32Array)).toBeLessThanOrEqual(10);
    const record = JSON.parse(await readFile(last.record, 'utf8'));
    expect(record).toMatchObject({ attack: 'cosine-uap', epsilon: 10, norm: 'inf', seed: 1, settings: { batch: 20 } });
    expect((await readFile(join(out, 'preview.png'))).subarray(1, 4).toString()).toBe('PNG');

    const evaluated = await atlas([
      'evaluate',
      '--perturbation',
      last.perturbation,
      '--model',
      'squeezenet1_1',
      '--half',
      'evaluation',
      '--json',
      ...photos,
    ]);
    expect(evaluated.code).toBe(0);
    const { perturbation, results } = JSON.parse(evaluated.stdout);
    expect(perturbation).toMatchObject({ shape: [3, 224, 224], scale: 255, layout: 'CHW' });
    expect(results[0]).toMatchObject({ model: 'squeezenet1_1', skipped: 0 });
    expect(results[0].photos + last.fooling.crafting.photos).toBe(237);
    expect(results[0].ratio).toBe(results[0].fooled / results[0].photos);
    expect(results[0].noise.low).toBeLessThan(results[0].noise.ratio);
  }, 240_000);

  it.each([
    ['an epsilon in units of 0..1', '--attack cosine-uap --epsilon 0.04', /units of 0\.\.255\. Did you mean 10\?/],
    ['an unknown attack', '--attack cosine-uaq', /Did you mean "cosine-uap"/],
    ['an unknown setting', '--attack cosine-uap --set momentun=0.5', /Did you mean "momentum"/],
    ['a setting without a value', '--attack cosine-uap --set momentum', /key=value/],
    ['an unknown budget', '--attack cosine-uap --budget gradient=5', /Did you mean "gradients"/],
    ['no model', '--attack cosine-uap', /--model/],
    ['no photos', '--attack cosine-uap --model squeezenet1_1', /--photos/],
    ['a bound of norm inf under norm 2', '--attack noise --norm 2 --epsilon 10', /Did you mean 2000/],
  ])('refuses %s', async (_what, flags, message) => {
    const { code, stdout, stderr } = await atlas(['craft', '--out', folder, ...flags.split(' ')]);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(message);
  });
});

describe('perturbation files', () => {
  const size = 6;
  const chw = Float32Array.from({ length: 3 * size * size }, (_, i) => (i % 21) - 10);
  const hwc = Float32Array.from(chw, (_, i) => chw[(i % 3) * size * size + Math.floor(i / 3)]);
  const npy = (data: Float32Array, shape: number[]) => writeNpy(data as Float32Array<ArrayBuffer>, shape);
  const save = async (name: string, bytes: Uint8Array) => {
    await writeFile(join(folder, name), bytes);
    return join(folder, name);
  };

  it.each([
    ['planes first', () => npy(chw, [3, 6, 6]), 'a.npy', { layout: 'CHW', scale: 255 }],
    ['a leading 1', () => npy(chw, [1, 3, 6, 6]), 'b.npy', { layout: 'CHW', scale: 255 }],
    ['planes last', () => npy(hwc, [6, 6, 3]), 'c.npy', { layout: 'HWC', scale: 255 }],
    [
      'units of 0..1',
      () =>
        npy(
          chw.map((x) => x / 255),
          [3, 6, 6],
        ),
      'd.npy',
      { layout: 'CHW', scale: 1 },
    ],
    [
      'safetensors',
      () => writeSafetensors({ perturbation: { data: chw as Float32Array<ArrayBuffer>, shape: [3, 6, 6] } }),
      'e.safetensors',
      { layout: 'CHW' },
    ],
    ['a stored npz', () => zip(npy(hwc, [1, 6, 6, 3]), false), 'f.npz', { layout: 'HWC' }],
    ['a deflated npz', () => zip(npy(chw, [3, 6, 6]), true), 'g.npz', { layout: 'CHW' }],
  ])('reads %s', async (_what, bytes, name, expected) => {
    const file = await readPerturbation(await save(name, bytes()));
    expect(file).toMatchObject({ size: 6, guessed: ['scale', 'layout'], ...expected });
    file.v.forEach((value, i) => {
      expect(value).toBeCloseTo(chw[i], 4);
    });
  });

  it('takes the scale and the layout that it is told', async () => {
    const path = await save(
      'h.npy',
      npy(
        chw.map((x) => x / 20),
        [3, 6, 6],
      ),
    );
    expect((await readPerturbation(path)).scale).toBe(1);
    expect(await readPerturbation(path, { scale: 255 })).toMatchObject({ scale: 255, linf: 0.5, guessed: ['layout'] });
    await expect(readPerturbation(path, { layout: 'HWC' })).rejects.toThrow(/is not HWC/);
  });

  it('refuses other shapes, other files, zeros and infinities', async () => {
    await expect(readPerturbation(await save('i.npy', npy(chw, [36, 3])))).rejects.toThrow(/\[3,S,S\]/);
    await expect(readPerturbation(await save('j.npy', new Uint8Array([1, 2])))).rejects.toThrow(/cannot be read/);
    await expect(readPerturbation(await save('k.npz', new Uint8Array(30)))).rejects.toThrow(/no zip file/);
    await expect(readPerturbation(await save('l.png', new Uint8Array(3)))).rejects.toThrow(
      /\.npy, \.npz or \.safetensors/,
    );
    await expect(readPerturbation(await save('m.npy', npy(new Float32Array(108), [3, 6, 6])))).rejects.toThrow(
      /zero everywhere/,
    );
    const infinite = npy(
      chw.map((x, i) => (i === 5 ? Infinity : x)),
      [3, 6, 6],
    );
    await expect(readPerturbation(await save('n.npy', infinite))).rejects.toThrow(/Infinity/);
    await expect(readPerturbation(join(folder, 'nowhere.npy'))).rejects.toThrow(/cannot be read/);
  });
});

/** A zip of one entry, as NumPy writes it. */
function zip(content: Uint8Array, deflate: boolean): Uint8Array {
  const name = Buffer.from('v.npy');
  const body = deflate ? deflateRawSync(content) : Buffer.from(content);
  const local = Buffer.alloc(30 + name.length);
  local.writeUInt32LE(0x04034b50, 0);
  local.writeUInt16LE(deflate ? 8 : 0, 8);
  local.writeUInt16LE(name.length, 26);
  name.copy(local, 30);
  const central = Buffer.alloc(46 + name.length);
  central.writeUInt32LE(0x02014b50, 0);
  central.writeUInt16LE(deflate ? 8 : 0, 10);
  central.writeUInt32LE(body.length, 20);
  central.writeUInt32LE(content.length, 24);
  central.writeUInt16LE(name.length, 28);
  name.copy(central, 46);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(1, 8);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(local.length + body.length, 16);
  return Buffer.concat([local, body, central, end]);
}
