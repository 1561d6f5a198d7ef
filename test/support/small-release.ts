import { hash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { writeNpy, writeSafetensors } from '#shared/formats';
import { type Manifest, type PerturbationRecord, type TransferRow, transferRow } from '#shared/release';

const SIZE = 8;
const MODEL = 'tiny';

/** A transfer row of a perturbation that was tried on two photos. */
const row: TransferRow = {
  perturbation: 'noise.inf10.s1',
  surrogate: 'none',
  target: MODEL,
  attack: 'noise',
  norm: 'inf',
  epsilon: 10,
  seed: 1,
  photos: 2,
  fooled: 1,
  ratio: 0.5,
  low: 0.0945,
  high: 0.9055,
  noise: 0.5,
  noise_fooled: 1,
  noise_low: 0.0945,
  noise_high: 0.9055,
  correct: null,
  fooled_given_correct: null,
};

/**
 * Writes a release of a few kilobytes that has one of everything, made by hand from the schemas, so that what reads
 * releases can be tried without crafting one. `salt` changes the bytes of one file, `bound` those of the perturbation
 * (at most 10), and `extra` adds files of a given size.
 */
export async function writeSmallRelease(
  root: string,
  { version = '1.0.0', salt = '', bound = 10, extra = [] as number[], created = '2026-01-01T00:00:00.000Z' } = {},
): Promise<Manifest> {
  const prefix = `releases/${version}/`;
  const files = new Map<string, { bytes: Uint8Array; mediaType: string }>();
  const add = (key: string, bytes: Uint8Array | string, mediaType: string) => {
    files.set(key, { bytes: typeof bytes === 'string' ? new TextEncoder().encode(bytes) : bytes, mediaType });
    return key;
  };
  const json = (key: string, value: unknown) => add(key, JSON.stringify(value), 'application/json');

  const photo = await readFile(new URL('../../zoo/starter/photos/cat.jpg', import.meta.url));
  const v = Float32Array.from({ length: 3 * SIZE * SIZE }, (_, i) => (i % 2 ? bound : -bound));
  const id = row.perturbation;
  const folder = `${prefix}perturbations/${id}/`;
  const npy = add(`${folder}perturbation.npy`, writeNpy(v, [3, SIZE, SIZE]), 'application/octet-stream');
  const safetensors = add(
    `${folder}perturbation.safetensors`,
    writeSafetensors({ perturbation: { data: v, shape: [3, SIZE, SIZE] } }),
    'application/octet-stream',
  );
  const preview = add(`${folder}preview.jpg`, photo, 'image/jpeg');
  const example = add(`${folder}examples/cat.jpg`, photo, 'image/jpeg');
  const prediction = { index: 0, label: 'cat', probability: 1 };
  const record: PerturbationRecord = {
    id,
    attack: 'noise',
    paper: 'none',
    settings: { salt },
    norm: 'inf',
    epsilon: 10,
    seed: 1,
    budget: null,
    surrogates: [],
    canvas: SIZE,
    crafting: { photos: 0, sha256: hash('sha256', '') },
    provider: 'cpu',
    commit: 'unknown',
    seconds: 0,
    gradients: 0,
    curve: [],
    linf: 10,
    l2: 10 * Math.sqrt(v.length),
    psnr: 28.13,
    ssim: 0.9,
    fooling: { crafting: null, evaluation: [row] },
    dominant: [],
    examples: [
      { photo: 'cat.jpg', target: MODEL, clean: prediction, perturbed: prediction, fooled: false, key: example },
    ],
    files: { npy, safetensors, preview },
  };
  const recordKey = json(`${folder}record.json`, record);

  const model = new TextEncoder().encode('the bytes of a model');
  const modelSha256 = hash('sha256', model);
  const modelKey = add(`models/${modelSha256}.onnx`, model, 'application/octet-stream');
  const labels = json(`${prefix}labels/${MODEL}.json`, ['cat', 'dog']);

  const columns = Object.keys(transferRow.shape) as (keyof TransferRow)[];
  const csv = `${columns.join(',')}\n${columns.map((column) => row[column] ?? '').join(',')}\n`;
  const tables = [
    {
      name: 'transfer',
      csv: add(`${prefix}tables/transfer.csv`, csv, 'text/csv'),
      parquet: add(
        `${prefix}tables/transfer.parquet`,
        new Uint8Array(parquetWriteBuffer({ columnData: [{ name: 'target', data: [MODEL], type: 'STRING' }] })),
        'application/vnd.apache.parquet',
      ),
      rows: 1,
    },
  ];
  const credit = { file: 'cat.jpg', author: 'someone', licence: 'CC0-1.0', source: 'https://example.org' };
  const photos = [{ ...credit, key: add(`${prefix}photos/cat.jpg`, photo, 'image/jpeg') }];
  json(`${prefix}photos/photos.json`, [credit]);
  extra.forEach((bytes, i) => {
    add(`${prefix}extra/${i}.bin`, new Uint8Array(bytes).fill(i + 1), 'application/octet-stream');
  });

  const manifest: Manifest = {
    schema: 1,
    version,
    created,
    title: 'A small release',
    description: '',
    licence: 'CC0-1.0',
    study: 'small',
    commit: 'unknown',
    provider: 'cpu',
    seeds: [1],
    canvas: SIZE,
    models: [
      {
        card: {
          id: MODEL,
          title: 'Tiny',
          licence: 'MIT',
          source: { file: 'tiny.onnx' },
          preprocessing: {
            inputSize: SIZE,
            channelOrder: 'RGB',
            layout: 'NCHW',
            range: 255,
            mean: [0, 0, 0],
            std: [1, 1, 1],
          },
          classes: 2,
          labels: null,
          published: null,
          edge: true,
        },
        key: modelKey,
        sha256: modelSha256,
        bytes: model.length,
        edge: true,
        labels,
      },
    ],
    perturbations: [
      {
        id,
        attack: 'noise',
        norm: 'inf',
        epsilon: 10,
        seed: 1,
        surrogates: [],
        record: recordKey,
        npy,
        safetensors,
        preview,
      },
    ],
    tables,
    photos,
    files: [...files].map(([key, { bytes, mediaType }]) => ({
      key,
      sha256: hash('sha256', bytes),
      bytes: bytes.length,
      mediaType,
    })),
  };
  const manifestBytes = new TextEncoder().encode(JSON.stringify(manifest));
  const manifestSha256 = hash('sha256', manifestBytes);
  const sums = manifest.files
    .map(({ key, sha256 }) => `${sha256}  ${key.startsWith(prefix) ? key.slice(prefix.length) : `../../${key}`}\n`)
    .concat(`${manifestSha256}  manifest.json\n`)
    .join('');
  const latest = { version, manifest: { key: `${prefix}manifest.json`, sha256: manifestSha256 } };
  const write = async (key: string, bytes: Uint8Array | string) => {
    await mkdir(dirname(join(root, key)), { recursive: true });
    await writeFile(join(root, key), bytes);
  };
  for (const [key, { bytes }] of files) await write(key, bytes);
  await write(`${prefix}SHA256SUMS`, sums);
  await write(`${prefix}manifest.json`, manifestBytes);
  await write('latest.json', JSON.stringify(latest));
  return manifest;
}
