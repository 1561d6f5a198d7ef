import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readNpy, readSafetensors } from '#shared/formats';
import { linfNorm } from '#shared/images';
import { splitPhotos } from '#shared/photos';
import { writeSmallStudy } from '../studies/small-study.ts';
import { atlas, root, startAtlas } from './atlas.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'atlas-craft-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const photos = ['--photos', 'zoo/starter/photos'];

describe('atlas craft', () => {
  test('crafts, and evaluates what it crafted, with JSON alone on standard output', async () => {
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
    const { tensors, metadata } = readSafetensors(await readFile(join(out, 'perturbation.safetensors')));
    expect(tensors.perturbation.data).toEqual(data);
    // The same as in a release.
    expect(metadata).toEqual({
      ...{ id: 'squeezenet1_1.cosine-uap.inf10.s1', attack: 'cosine-uap', norm: 'inf', epsilon: '10', seed: '1' },
      ...{ units: '0..255', layout: 'CHW RGB' },
    });
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
    expect(JSON.parse(evaluated.stdout).craftedOn).toBe(0);
    expect(evaluated.stderr).not.toMatch(/was crafted on/);
    expect(results[0]).toMatchObject({ model: 'squeezenet1_1', skipped: 0 });
    expect(results[0].photos + last.fooling.crafting.photos).toBe(237);
    expect(results[0].ratio).toBe(results[0].fooled / results[0].photos);
    expect(results[0].noise.low).toBeLessThan(results[0].noise.ratio);

    // A photo that it was crafted on, under another name and beside one that it was not.
    const names = await readdir(join(root, 'zoo/starter/photos'));
    const { crafting, evaluation } = splitPhotos(names.filter((name) => name.endsWith('.jpg')));
    const mixed = join(folder, 'mixed');
    await mkdir(mixed);
    const [own, other] = [crafting[0], evaluation[0]].map(
      (index) => names.filter((name) => name.endsWith('.jpg'))[index],
    );
    await copyFile(join(root, 'zoo/starter/photos', own), join(mixed, 'renamed.jpg'));
    await copyFile(join(root, 'zoo/starter/photos', other), join(mixed, 'other.jpg'));
    const again = await atlas([
      ...['evaluate', '--perturbation', last.perturbation, '--model', 'squeezenet1_1', '--photos', mixed, '--json'],
    ]);
    expect(JSON.parse(again.stdout).craftedOn).toBe(1);
    expect(again.stderr).toMatch(/Warning: .* crafted on 1 of these 2 photos \(renamed\.jpg\).*--half evaluation/);
  }, 240_000);

  test.each([
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

describe('atlas craft, stopped and started again', () => {
  let card: string;
  beforeAll(async () => {
    await writeSmallStudy(join(folder, 'small'));
    card = join(folder, 'small', 'linear1.json');
  });
  const args = (out: string, ...more: string[]) => [
    ...['craft', '--model', card, '--canvas', '8', '--attack', 'df-uap', '--epsilon', '20', '--seed', '3'],
    ...['--photos', 'synthetic:1-over-f:40', '--provider', 'cpu', '--budget', 'gradients=30000', '--out', out, ...more],
  ];
  const bytes = (out: string) => readFile(join(out, 'perturbation.npy'));

  test('gives the same bytes when it is killed and resumed as when it is not', async () => {
    const [whole, killed] = [join(folder, 'whole'), join(folder, 'killed')];
    expect((await atlas(args(whole))).code).toBe(0);

    const checkpoint = join(killed, 'checkpoint.bin');
    const { child, ended } = startAtlas(args(killed, '--checkpoint-every', '0.1'));
    while (!existsSync(checkpoint) && child.exitCode === null) await setTimeout(10);
    process.kill(-(child.pid as number), 'SIGKILL');
    await ended;
    expect(existsSync(join(killed, 'perturbation.npy'))).toBe(false);

    const other = await atlas(args(killed, '--set', 'kappa=5'));
    expect(other.code).toBe(2);
    expect(other.stderr).toMatch(/belongs to another craft.*--fresh/);

    const resumed = await atlas(args(killed));
    expect(resumed.code).toBe(0);
    expect(resumed.stderr).toMatch(/Went on from \d+ gradients/);
    expect((await bytes(killed)).equals(await bytes(whole))).toBe(true);
    expect(existsSync(checkpoint)).toBe(false);
    const [one, two] = await Promise.all(
      [whole, killed].map(async (out) => JSON.parse(await readFile(join(out, 'craft.json'), 'utf8'))),
    );
    expect(two.curve).toEqual(one.curve);
  }, 120_000);

  test('takes the usual length of norm 2 for the canvas, where none is given', async () => {
    const at = async (...flags: string[]) => {
      const out = join(folder, 'length');
      const { code } = await atlas(['craft', '--attack', 'noise', '--norm', '2', '--out', out, ...flags]);
      expect(code).toBe(0);
      return JSON.parse(await readFile(join(out, 'craft.json'), 'utf8'));
    };
    expect((await at()).epsilon).toBe(2000);
    const small = await at('--canvas', '32');
    expect(small.epsilon).toBe(286);
    expect(small.l2).toBeCloseTo(286, 2);
  });

  test('needs no photos for an attack that has no use for them, and reports success towards a target', async () => {
    const free = await atlas([
      ...['craft', '--model', card, '--canvas', '8', '--attack', 'gd-uap', '--epsilon', '20', '--provider', 'cpu'],
      ...['--budget', 'gradients=200', '--out', join(folder, 'free')],
    ]);
    expect(free.code).toBe(0);
    expect(free.stderr).toMatch(/needs no photos.*synthetic/);
    const out = join(folder, 'targeted');
    const targeted = await atlas([...args(out, '--set', 'target=2', '--json')]);
    const last = JSON.parse(targeted.stdout.trim().split('\n').at(-1) as string);
    expect(last.target.ratio).toBeGreaterThan(0.5);
    const measured = await atlas([
      ...['evaluate', '--perturbation', join(out, 'perturbation.npy'), '--model', card, '--target', '2', '--json'],
      ...['--photos', 'synthetic:1-over-f:40', '--seed', '3', '--provider', 'cpu'],
    ]);
    expect(JSON.parse(measured.stdout).results[0].target).toMatchObject({ class: 2, fooled: last.target.fooled });
  }, 60_000);

  test.each([
    [
      'a target that is no class',
      ['--set', 'target=4'],
      /target 4 is no class of linear1, which has the classes 0 to 3/,
    ],
    ['two photos or none', ['--photos', 'synthetic:1'], /at least 2 photos/],
    ['an unknown kind of picture', ['--photos', 'synthetic:deadleaves'], /Did you mean "dead-leaves"/],
  ])('refuses %s', async (_what, more, message) => {
    const own = args(join(folder, 'refused')).filter((arg) => !/^synthetic/.test(arg));
    const given = more[0] === '--photos' ? own : own.map((arg) => (arg === '--photos' ? '--photos=synthetic' : arg));
    const { code, stderr } = await atlas([...given.filter((arg) => arg !== '--photos'), ...more]);
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
  });
});
