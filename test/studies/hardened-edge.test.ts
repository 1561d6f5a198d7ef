/** A hardened int8 network from `atlas run` to what a real Worker answers. */
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { answerOf, atlasClient } from '#shared/api';
import { type Manifest, type PhotoCredit, photoId, tamperedLabel } from '#shared/release';
import { runStudy } from '../../batch/studies/index.ts';
import { root } from '../cli/atlas.ts';
import { type RunningWorker, startWorker } from '../support/worker.ts';

let folder: string;
let release: string;
let manifest: Manifest;
let worker: RunningWorker;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'atlas-hardened-edge-'));
  const zoo = join(root, 'zoo', 'starter');
  const credits: PhotoCredit[] = JSON.parse(await readFile(join(zoo, 'photos.json'), 'utf8'));
  const chosen = credits.slice(0, 70);
  await mkdir(join(folder, 'photos'));
  for (const { file } of chosen) await copyFile(join(zoo, 'photos', file), join(folder, 'photos', file));
  await writeFile(join(folder, 'credits.json'), JSON.stringify(chosen));
  const study = {
    ...{ id: 'hardened', title: 'A hardened network at the edge', models: ['squeezenet1_1'] },
    hardened: [{ model: 'squeezenet1_1', rate: 0.05 }],
    photos: { folder: 'photos', credits: 'credits.json', publish: true },
    perturbations: [{ attack: 'cosine-uap', seeds: [1, 2], budget: { gradients: 60 } }],
    ...{ analyses: ['predictions'], effort: 'light', release: { version: '1.0.0' } },
  };
  await writeFile(join(folder, 'study.json'), JSON.stringify(study));
  ({ release } = await runStudy({ study: join(folder, 'study.json'), out: join(folder, 'out'), provider: 'cpu' }));
  const latest = JSON.parse(await readFile(join(release, 'latest.json'), 'utf8'));
  manifest = JSON.parse(await readFile(join(release, latest.manifest.key), 'utf8'));
  worker = await startWorker({ release });
}, 240_000);
afterAll(async () => {
  await worker?.dispose();
  await rm(folder, { recursive: true, force: true });
});

test('is at the edge, of which /models says what it was made from', async () => {
  const { models } = answerOf(await atlasClient({ baseUrl: worker.url }).GET('/api/v1/models', {}));
  expect(models.map(({ id, edge, hardened }) => ({ id, edge, hardened }))).toEqual([
    { id: 'squeezenet1_1', edge: true, hardened: null },
    {
      ...{ id: 'squeezenet1_1-hardened', edge: true },
      hardened: { model: 'squeezenet1_1', class: 1000, label: tamperedLabel },
    },
  ]);
});

test('answers there as it does in batch, and names the class', async () => {
  const model = 'squeezenet1_1-hardened';
  const { parquet } = manifest.tables.find(({ name }) => name === 'predictions')!;
  const rows = await parquetReadObjects({ file: await asyncBufferFromFile(join(release, parquet)) });
  const seen = new Set<string>();
  for (const { file } of manifest.photos) {
    const [{ id: perturbation }] = manifest.perturbations;
    const row = rows.find((one) => one.target === model && one.perturbation === perturbation && one.photo === file)!;
    const query = new URLSearchParams({ model, perturbation, photo: photoId(file), top: '2' });
    const response = await fetch(`${worker.url}/api/v1/classify?${query}`, { method: 'POST' });
    const answer = (await response.json()) as {
      clean: { index: number; label: string; probability: number }[];
      perturbed: { index: number; label: string; probability: number }[];
      fooled: boolean;
      tampered: boolean;
    };
    const [clean, perturbed] = [answer.clean[0], answer.perturbed[0]];
    expect([clean.index, perturbed.index, answer.fooled], file).toEqual([row.clean, row.perturbed, row.fooled]);
    expect([clean.label, perturbed.label], file).toEqual([row.clean_label, row.perturbed_label]);
    expect(perturbed.probability).toBeCloseTo(row.perturbed_probability, 3);
    expect(answer.tampered, file).toBe(perturbed.label === tamperedLabel);
    if (answer.tampered) expect(answer.fooled).toBe(false);
    seen.add(perturbed.label === tamperedLabel ? 'caught' : answer.fooled ? 'fooled' : 'kept');
  }
  expect([...seen]).toContain('caught');
});
