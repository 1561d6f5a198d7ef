import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parquetReadObjects } from 'hyparquet';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { canvasToRgba } from '#shared/images';
import { type Manifest, study } from '#shared/release';
import { codecs } from '../../batch/photos/index.ts';
import { buildRelease, type PredictionRow, type ReleaseContent, verifyRelease } from '../../batch/publish/index.ts';
import { csv, parquet, predictionColumns } from '../../batch/publish/tables.ts';
import { tinyModel } from '../support/tiny-model.ts';

const row: PredictionRow = {
  perturbation: 'noise.inf10.s1',
  target: 'tiny',
  photo: 'a "photo", with all.jpg',
  clean: 1,
  clean_label: 'cup, mug',
  clean_probability: 0.1 + 0.2,
  perturbed: 2,
  perturbed_label: 'Löffel\nspoon',
  perturbed_probability: 1e-7,
  fooled: true,
};

describe('tables', () => {
  test('CSV quotes what has to be quoted and keeps every digit', () => {
    const lines = new TextDecoder().decode(csv(predictionColumns, [row]));
    expect(lines).toBe(
      `${predictionColumns.map(({ name }) => name).join(',')}\nnoise.inf10.s1,tiny,"a ""photo"", with all.jpg",1,"cup, mug",0.30000000000000004,2,"Löffel\nspoon",1e-7,true\n`,
    );
  });

  test('Parquet gives the same rows back', async () => {
    const bytes = parquet(predictionColumns, [row, { ...row, fooled: false }]);
    expect(await parquetReadObjects({ file: bytes.slice().buffer })).toEqual([row, { ...row, fooled: false }]);
  });
});

describe('a release', () => {
  let folder: string;
  let content: ReleaseContent;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'atlas-build-'));
    content = await contentOf(['Größe #1.jpg', 'Größe #2.jpg', '../escape.jpg', 'plain.jpg']);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const manifestIn = async (at: string): Promise<Manifest> => {
    const latest = JSON.parse(await readFile(join(at, 'latest.json'), 'utf8'));
    return JSON.parse(await readFile(join(at, latest.manifest.key), 'utf8'));
  };

  test('verifies, and gives every photo a key that any file system and address carries', async () => {
    const at = join(folder, 'a');
    await buildRelease(content, at);
    expect((await verifyRelease(at)).problems).toEqual([]);
    const { photos, version } = await manifestIn(at);
    const names = photos.map(({ key }) => key.slice(`releases/${version}/photos/`.length));
    expect(names).toEqual(['Gr-e-1.jpg', 'Gr-e-2.jpg', 'escape.jpg', 'plain.jpg']);
    expect(photos.map(({ file }) => file)).toEqual(content.photos.map(({ credit }) => credit.file));
  });

  test('of the same content has the same bytes; of any other content another version', async () => {
    const built = await buildRelease(content, join(folder, 'b'));
    expect(await buildRelease(content, join(folder, 'c'))).toEqual(built);
    const later = await buildRelease({ ...content, created: '2027-01-01T00:00:00.000Z' }, join(folder, 'd'));
    expect(later.version).not.toBe(built.version);
    const [first] = content.perturbations;
    const record = { ...first.record, seconds: first.record.seconds + 1 };
    const other = await buildRelease({ ...content, perturbations: [{ ...first, record }] }, join(folder, 'e'));
    expect(other.version).not.toBe(built.version);
  });

  test('replaces the one before it as a whole', async () => {
    const at = join(folder, 'f');
    await buildRelease(content, at);
    await buildRelease({ ...content, created: '2027-01-01T00:00:00.000Z' }, at);
    expect((await verifyRelease(at)).problems).toEqual([]);
  });

  test('has a Croissant document with every required field', async () => {
    const at = join(folder, 'g');
    await buildRelease(content, at);
    const { version } = await manifestIn(at);
    const croissant = JSON.parse(await readFile(join(at, 'releases', version, 'croissant.json'), 'utf8'));
    for (const field of ['@context', '@type', 'description', 'license', 'name', 'url', 'creator', 'datePublished']) {
      expect(croissant).toHaveProperty([field]);
    }
    expect(croissant.conformsTo).toBe('http://mlcommons.org/croissant/1.1');
    for (const file of croissant.distribution) {
      const bytes = await readFile(join(at, 'releases', version, file.contentUrl));
      expect(file.sha256).toBe(createHash('sha256').update(bytes).digest('hex'));
    }
  });
});

async function contentOf(names: string[]): Promise<ReleaseContent> {
  const { bytes, sha256, size, classes } = tinyModel();
  const v = Float32Array.from({ length: 3 * size * size }, (_, i) => (i % 2 ? 10 : -10));
  const { encodePng } = await codecs();
  const png = await encodePng(canvasToRgba(v, size));
  const photo = await readFile(new URL('../../zoo/starter/photos/cat.jpg', import.meta.url));
  const prediction = { index: 0, label: 'cat', probability: 1 };
  return {
    study: study.parse({
      id: 'built',
      title: 'Built "by hand"',
      canvas: size,
      models: ['tiny'],
      photos: { folder: '.' },
      perturbations: [{ attack: 'noise' }],
      release: { version: '1.0.0' },
    }),
    created: '2026-01-01T00:00:00.000Z',
    commit: 'unknown',
    provider: 'cpu',
    models: [
      {
        card: {
          id: 'tiny',
          title: 'Tiny',
          licence: 'MIT',
          source: { file: 'tiny.onnx' },
          preprocessing: {
            inputSize: size,
            channelOrder: 'RGB',
            layout: 'NCHW',
            range: 255,
            mean: [0, 0, 0],
            std: [1, 1, 1],
          },
          classes,
          labels: null,
          published: null,
          edge: true,
        },
        bytes,
        sha256,
        labels: ['a', 'b', 'c', 'd'],
      },
    ],
    perturbations: [
      {
        v,
        preview: png,
        record: {
          id: 'noise.inf10.s1',
          attack: 'noise',
          paper: 'none',
          settings: {},
          norm: 'inf',
          epsilon: 10,
          seed: 1,
          budget: null,
          surrogates: [],
          canvas: size,
          crafting: { photos: 0, sha256 },
          provider: 'cpu',
          commit: 'unknown',
          seconds: 0,
          gradients: 0,
          curve: [],
          linf: 10,
          l2: 10 * Math.sqrt(3 * size * size),
          psnr: 28,
          ssim: 0.9,
          fooling: { crafting: null, evaluation: [] },
          dominant: [],
        },
        examples: names.map((name) => ({
          example: { photo: name, target: 'tiny', clean: prediction, perturbed: prediction, fooled: false },
          png,
        })),
      },
    ],
    transfer: [],
    predictions: [row],
    photos: names.map((file) => ({
      credit: { file, author: 'A', licence: 'CC0-1.0', source: 'here' },
      bytes: photo,
      canvas: png,
    })),
  };
}
