import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { noiseControl } from '#shared/attacks';
import { writeNpy } from '#shared/formats';
import { applyPerturbation, canvasToRgba } from '#shared/images';
import { jpegOf, nodeCodecs } from '../support/images.ts';
import { writeSmallRelease } from '../support/small-release.ts';
import { writeTinyRelease } from '../support/tiny-release.ts';
import { atlas, root } from './atlas.ts';

const SIZE = 224;
let folder: string;
let known: string;
const koala = `${root}zoo/starter/photos/koala.jpg`;

/** Three perturbations, as files and as `atlas craft` leaves them; and pictures with one of them on. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'atlas-identify-'));
  known = join(folder, 'known');
  const [a, b, c] = [1, 2, 3].map((seed) => noiseControl(3 * SIZE * SIZE, { norm: 'inf', epsilon: 10, seed }));
  await mkdir(join(known, 'crafted'), { recursive: true });
  await mkdir(join(folder, 'pictures'));
  const npy = (v: Float32Array) => writeNpy(Float32Array.from(v), [3, SIZE, SIZE]);
  await writeFile(join(known, 'a.npy'), npy(a));
  await writeFile(join(known, 'b.npy'), npy(b));
  await writeFile(join(known, 'crafted/perturbation.npy'), npy(c));
  const codecs = await nodeCodecs();
  const canvas = await codecs.canvas(new Uint8Array(await readFile(koala)), SIZE);
  const picture = (v: Float32Array, strength: number) => canvasToRgba(applyPerturbation(canvas, v, strength), SIZE);
  const save = (name: string, bytes: Uint8Array) => writeFile(join(folder, 'pictures', name), bytes);
  await save('1-half-of-a.png', await codecs.encodePng(picture(a, 0.5)));
  await save('2-b-flipped.jpg', await jpegOf(picture(b, -1), { quality: 50, progressive: true }));
  await save('3-c.png', await codecs.encodePng(picture(c, 1)));
  await save('4-broken.png', new Uint8Array(20));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Answer {
  canvas: number;
  perturbations: number;
  images: {
    image: string;
    named: string | null;
    matches: { id: string; strength: number; error: number; p: number; shift: object }[];
  }[];
  skipped: { file: string }[];
}

describe('atlas identify', () => {
  test('names what is on each picture, and says which cannot be read', async () => {
    const pictures = join(folder, 'pictures');
    const { code, stdout, stderr } = await atlas([
      ...['identify', '--image', pictures, '--image', koala],
      ...['--perturbations', known, '--perturbations', join(known, 'crafted'), '--top', '2', '--json'],
    ]);
    expect(code, stderr).toBe(0);
    const answer = JSON.parse(stdout) as Answer;
    expect([answer.canvas, answer.perturbations]).toEqual([SIZE, 3]);
    expect(answer.images.map(({ image, named }) => [image, named])).toEqual([
      ['1-half-of-a.png', 'a'],
      ['2-b-flipped.jpg', 'b'],
      ['3-c.png', 'crafted'],
      ['koala.jpg', null],
    ]);
    const [half, flipped, whole, clean] = answer.images.map(({ matches }) => matches[0]);
    expect(Math.abs(half.strength - 0.5)).toBeLessThan(4 * half.error);
    expect(flipped.strength).toBeLessThan(-0.05);
    expect(Math.abs(whole.strength - 1)).toBeLessThan(4 * whole.error);
    for (const { shift, p } of [half, flipped, whole]) {
      expect(shift).toEqual({ x: 0, y: 0 });
      expect(p).toBeLessThan(1e-6);
    }
    expect(clean.p).toBeGreaterThan(1e-6);
    expect(answer.images.map(({ matches }) => matches.length)).toEqual([2, 2, 2, 2]);
    expect(answer.skipped.map(({ file }) => file)).toEqual(['4-broken.png']);
    expect(stderr).toContain('4-broken.png cannot be read and is skipped');
  });

  test('tells people the same as a table, and that nothing found is no failure', async () => {
    const found = await atlas([
      ...['identify', '--image', join(folder, 'pictures/3-c.png'), '--image', koala],
      ...['--perturbations', join(known, 'crafted'), '--quiet'],
    ]);
    expect([found.code, found.stderr]).toEqual([0, '']);
    expect(found.stdout).toMatch(/3-c\.png +crafted +\d\.\d\d ± 0\.\d\d +0, 0 +< 1e-300/);
    expect(found.stdout).toMatch(/koala\.jpg +none/);
    expect(found.stdout).toContain('1 of 2 pictures have one of the 1 perturbations on them.');
    const none = await atlas(['identify', '--image', koala, '--perturbations', join(known, 'a.npy')]);
    expect([none.code, none.stdout.includes('0 of 1 pictures')]).toEqual([0, true]);
  });

  test('takes the perturbations of a release by their ids', async () => {
    const release = join(folder, 'release');
    const { perturbations } = await writeSmallRelease(release);
    const { code, stdout, stderr } = await atlas([
      ...['identify', '--image', koala, '--perturbations', release, '--json'],
    ]);
    expect(code, stderr).toBe(0);
    const { canvas, images } = JSON.parse(stdout) as Answer;
    expect([canvas, images[0].matches[0].id]).toEqual([8, perturbations[0].id]);
  });

  test('says in one paragraph what is wrong with what it is given', async () => {
    const [empty, small] = [join(folder, 'no-perturbations'), join(folder, 'small.npy')];
    await writeTinyRelease(empty, '1.0.0', '2026-01-01T00:00:00.000Z');
    await writeFile(small, writeNpy(new Float32Array(3 * 8 * 8).fill(9), [3, 8, 8]));
    for (const [given, says] of [
      [[join(folder, 'nowhere')], /There is no .*nowhere.*--perturbations a release, a folder or a file/],
      [[join(folder, 'pictures')], /no perturbation in .*pictures.*neither a release/],
      [[empty], /has no perturbations/],
      [[join(known, 'a.npy'), small], /canvas of 8 pixels, and "a" for one of 224/],
      [[koala], /none of \.npy/],
    ] as [string[], RegExp][]) {
      const { code, stdout, stderr } = await atlas([
        ...['identify', '--image', koala, '--quiet'],
        ...given.flatMap((source) => ['--perturbations', source]),
      ]);
      expect([code, stdout, stderr.trimEnd().split('\n').length]).toEqual([2, '', 1]);
      expect(stderr).toMatch(says);
    }
  });
});
