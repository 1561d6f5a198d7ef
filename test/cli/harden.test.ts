import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeNpy } from '#shared/formats';
import { argmax } from '#shared/metrics';
import { sha256Hex } from '#shared/release';
import { random } from '#shared/synthetic';
import { openCompute } from '../../batch/compute/index.ts';
import { loadPhotos } from '../../batch/photos/index.ts';
import { loadCard, prepareModel } from '../../batch/zoo/index.ts';
import { writeSmallStudy } from '../studies/small-study.ts';
import { writeSmallNetwork } from '../support/small-network.ts';
import { atlas } from './atlas.ts';

const size = 32;
const photos = 'synthetic:blobs:240';

/** Random signs on squares of 2 x 2 pixels. */
function pattern(seed: number): Float32Array<ArrayBuffer> {
  const draw = random(seed, 'pattern');
  const signs = Float32Array.from({ length: (3 * size * size) / 4 }, () => (draw.below(2) ? 40 : -40));
  return Float32Array.from({ length: 3 * size * size }, (_, i) => {
    const [channel, y, x] = [Math.floor(i / size ** 2), Math.floor(i / size) % size, i % size];
    return signs[(channel * size * size) / 4 + (y >> 1) * (size / 2) + (x >> 1)];
  });
}

let folder: string;
let card: string;
let unseen: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'atlas-harden-'));
  card = await writeSmallNetwork(folder, size);
  // As crafts leave them: one is noise by its record, another the same numbers twice.
  for (const [name, seed, attack] of [
    ['a', 1, 'uap'],
    ['b', 2, 'sga'],
    ['c', 3, null],
    ['d', 4, 'noise'],
    ['e', 1, 'uap'],
  ] as const) {
    await mkdir(join(folder, 'known', name), { recursive: true });
    await writeFile(join(folder, 'known', name, 'perturbation.npy'), writeNpy(pattern(seed), [3, size, size]));
    if (attack)
      await writeFile(
        join(folder, 'known', name, 'craft.json'),
        JSON.stringify({ attack, surrogates: [{ id: 'small' }] }),
      );
  }
  await mkdir(join(folder, 'unseen'));
  unseen = join(folder, 'unseen', 'v.npy');
  await writeFile(unseen, writeNpy(pattern(9), [3, size, size]));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const harden = (out: string, ...more: string[]) =>
  atlas(['harden', '--model', card, '--photos', photos, '--provider', 'cpu', '--out', out, ...more]);
const known = (): string[] => ['--perturbations', join(folder, 'known')];

test('a card of one class more, which flags what is tampered with and changes nothing else', async () => {
  const out = join(folder, 'out');
  const { code, stdout, stderr } = await harden(out, '--rate', '0.05', '--json', ...known());
  expect(stderr).toMatch(/1 of the perturbations are noise/);
  expect(code, stderr).toBe(0);
  const result = JSON.parse(stdout);
  expect(result).toMatchObject({ classes: 5, places: ['r1', 'r2'], samples: { synthetic: expect.any(Number) } });
  const { samples, calibration } = result;
  expect(calibration.photos).toBe(samples.photos);
  expect(calibration.falseAlarms).toBe(samples.photos - Math.ceil((samples.photos + 1) * 0.95));

  const record = JSON.parse(await readFile(join(out, 'record.json'), 'utf8'));
  expect(record).toMatchObject({ hardened: 'small', rate: 0.05, seed: 1, statistics: 56, calibration, samples });
  expect(record.model.source).toBe(sha256Hex(await readFile(join(folder, 'small.onnx'))));
  expect(record.model.sha256).toBe(sha256Hex(await readFile(join(out, 'small-hardened.onnx'))));
  expect(record.perturbations.map(({ attack }: { attack: string | null }) => attack)).toEqual(['uap', 'sga', null]);
  const labels = JSON.parse(await readFile(join(out, 'small-hardened.labels.json'), 'utf8'));
  expect(labels.map(({ label }: { label: string }) => label)).toEqual([
    'cat',
    'dog',
    'cup',
    'car',
    'non-natural or tampered with',
  ]);

  // Photos and a perturbation that it has not seen.
  const models = await Promise.all([card, join(out, 'small-hardened.json')].map((path) => loadCard(path)));
  const [plain, hardened] = await Promise.all(models.map((model) => prepareModel(model, size)));
  const set = await loadPhotos([photos], { canvas: size, half: 'evaluation' });
  const compute = await openCompute({ provider: 'cpu', workers: 1 });
  try {
    const labelled = async ({ bytes, sha256 }: { bytes: Uint8Array; sha256: string }, v: Float32Array | null) => {
      const items = set.names.map((_, photo) => ({ photo, flip: false }));
      const { logits, classes } = await compute.logits({ program: { key: sha256, bytes }, photos: set, items, v });
      return items.map((_, i) => argmax(logits, i * classes, classes));
    };
    const before = await labelled(plain, null);
    const clean = await labelled(hardened, null);
    const perturbed = await labelled(hardened, pattern(9));
    const flagged = (found: number[]) => found.filter((label) => label === 4).length / found.length;
    // All of the 5 % may be among the two fifths that are no JPEG, as these are: 12.5 %, and what 112 photos vary by.
    expect(flagged(clean)).toBeLessThan(0.2);
    expect(flagged(perturbed)).toBeGreaterThan(0.8);
    for (const [i, label] of clean.entries()) if (label !== 4) expect(label).toBe(before[i]);
  } finally {
    await compute.close();
  }

  // Every other command takes the card.
  const evaluated = await atlas([
    'evaluate',
    '--model',
    result.card,
    '--perturbation',
    unseen,
    '--photos',
    photos,
    '--half',
    'evaluation',
    '--target',
    '4',
    '--json',
  ]);
  expect(evaluated.code).toBe(0);
  const [shown] = JSON.parse(evaluated.stdout).results;
  expect(shown.target.ratio).toBeGreaterThan(0.8);
  // What is found out is not fooled.
  expect(shown.tampered.perturbed / shown.photos).toBeGreaterThan(0.8);
  expect(shown.fooled + shown.tampered.perturbed).toBeLessThanOrEqual(shown.photos);
  expect(shown.tampered.clean / shown.photos).toBeLessThan(0.2);

  // And the same once more gives the same bytes.
  const again = join(folder, 'again');
  expect((await harden(again, '--rate', '0.05', '--workers', '1', ...known())).stdout).toMatch(
    /5 classes, the last "non-natural/,
  );
  for (const file of await readdir(out))
    expect(await readFile(join(again, file))).toEqual(await readFile(join(out, file)));
}, 120_000);

describe('refuses, and leaves nothing behind:', () => {
  const out = () => join(folder, 'refused');
  test.each([
    ['a rate that so few photos cannot hold', ['--rate', '0.001'], /rate of 0\.001 needs at least 999 crafting photos/],
    ['a rate that is no share', ['--rate', '1.5'], /at most 1/],
    ['perturbations that are not there', ['--perturbations', 'nowhere'], /There is no nowhere/],
    ['photos of a perturbation that is none', ['--perturbations', 'README.md'], /is none of \.npy/],
  ])('%s', async (_what, flags, message) => {
    const { code, stdout, stderr } = await harden(out(), ...known(), ...flags);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(message);
    expect(await readdir(folder)).not.toContain('refused');
  });

  test('noise alone, which was not made to fool', async () => {
    const { code, stderr } = await harden(out(), '--perturbations', join(folder, 'known', 'd'));
    expect(code).toBe(2);
    expect(stderr).toMatch(/no perturbation in .* but noise/);
  });

  test('a model without places to look at', async () => {
    await writeSmallStudy(join(folder, 'linear'));
    const v = join(folder, 'v8.npy');
    await writeFile(v, writeNpy(pattern(1).subarray(0, 192), [3, 8, 8]));
    const { code, stderr } = await harden(
      out(),
      '--model',
      join(folder, 'linear', 'linear1.json'),
      '--rate',
      '0.05',
      '--perturbations',
      v,
    );
    expect(code).toBe(2);
    expect(stderr).toMatch(/linear1 cannot be hardened: The model has no place/);
    expect(await readdir(folder)).not.toContain('refused');
  });

  test('a folder that holds a hardened network already', async () => {
    const full = join(folder, 'full');
    await mkdir(full);
    await writeFile(join(full, 'record.json'), '{}');
    const { code, stderr } = await harden(full, ...known());
    expect(code).toBe(2);
    expect(stderr).toMatch(/There is a .*record\.json already/);
    expect(await readdir(full)).toEqual(['record.json']);
  });
});
