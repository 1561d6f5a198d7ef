import { execFileSync } from 'node:child_process';
import { copyFile, mkdtemp, readdir, readFile, rm, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readNpy } from '#shared/formats';
import { applyPerturbation, canvasFromRgba, distortion, l2Norm, linfNorm } from '#shared/images';
import { splitPhotos } from '#shared/photos';
import { type Manifest, perturbationRecord } from '#shared/release';
import { codecs, loadPhotos } from '../../batch/photos/index.ts';
import { verifyRelease } from '../../batch/publish/index.ts';
import { runStudy, type StudyEvent } from '../../batch/studies/index.ts';
import { startAtlas } from '../cli/atlas.ts';
import { differing } from '../support/folders.ts';
import { tinyModel } from '../support/tiny-model.ts';
import { writeSmallStudy } from './small-study.ts';

let folder: string;
let study: string;
let out: string;
const events: StudyEvent[] = [];
const run = (onEvent?: (event: StudyEvent) => void) => runStudy({ study, out, provider: 'cpu', workers: 1, onEvent });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'atlas-study-'));
  study = await writeSmallStudy(folder);
  out = join(folder, 'out');
  await run((event) => events.push(event));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const manifestOf = async (release: string): Promise<{ manifest: Manifest; text: string }> => {
  const { manifest } = JSON.parse(await readFile(join(release, 'latest.json'), 'utf8'));
  const text = await readFile(join(release, manifest.key), 'utf8');
  return { manifest: JSON.parse(text), text };
};

describe('the release of a run', () => {
  test('verifies, by the atlas and by sha256sum', async () => {
    const release = join(out, 'release');
    expect((await verifyRelease(release)).problems).toEqual([]);
    const { manifest } = await manifestOf(release);
    expect(manifest.version).toMatch(/^1\.2\.3-[0-9a-f]{8}$/);
    execFileSync('sha256sum', ['-c', '--quiet', 'SHA256SUMS'], { cwd: join(release, 'releases', manifest.version) });
  });

  test('has every perturbation on every model, with the noise of the same bound beside it', async () => {
    const release = join(out, 'release');
    const { manifest } = await manifestOf(release);
    const table = manifest.tables.find(({ name }) => name === 'transfer')!;
    const rows = await parquetReadObjects({ file: await asyncBufferFromFile(join(release, table.parquet)) });
    expect(rows.map(({ surrogate, target }) => `${surrogate} ${target}`)).toEqual([
      'linear1 linear1',
      'linear1 linear2',
      'linear2 linear1',
      'linear2 linear2',
      'none linear1',
      'none linear2',
    ]);
    expect(rows[0].ratio).toBeGreaterThan(rows[0].noise);
    expect(rows[0].noise).toBe(rows[4].ratio);
    expect(rows[0].correct).toBeNull();
    const csv = (await readFile(join(release, table.csv), 'utf8')).trimEnd().split('\n');
    expect(csv).toHaveLength(7);
    expect(csv[1].split(',')[9]).toBe(String(rows[0].ratio));
  });

  test('counts in the predictions what the transfer table says', async () => {
    const release = join(out, 'release');
    const { manifest } = await manifestOf(release);
    const read = async (name: string) => {
      const { parquet } = manifest.tables.find((table) => table.name === name)!;
      return parquetReadObjects({ file: await asyncBufferFromFile(join(release, parquet)) });
    };
    const predictions = await read('predictions');
    for (const { perturbation, target, fooled, photos } of await read('transfer')) {
      const of = predictions.filter((row) => row.perturbation === perturbation && row.target === target);
      expect(of).toHaveLength(photos);
      expect(of.filter((row) => row.fooled)).toHaveLength(fooled);
      expect(of.every((row) => row.fooled === (row.clean !== row.perturbed))).toBe(true);
    }
  });

  test('shows only credited photos of the evaluation half, and their perturbed canvases to the bit', async () => {
    const release = join(out, 'release');
    const { manifest } = await manifestOf(release);
    const credited = JSON.parse(await readFile(join(folder, 'credits.json'), 'utf8')).map(
      ({ file }: { file: string }) => file,
    );
    const all = await readdir(join(folder, 'photos'));
    const evaluation = splitPhotos(all).evaluation.map((index) => all[index]);
    expect(manifest.photos.map(({ file }) => file).sort()).toEqual(
      evaluation.filter((name) => credited.includes(name)).sort(),
    );

    const { decode } = await codecs();
    const { record: key, npy } = manifest.perturbations[0];
    const record = perturbationRecord.parse(JSON.parse(await readFile(join(release, key), 'utf8')));
    expect(record.examples).toHaveLength(6);
    const v = readNpy(await readFile(join(release, npy))).data as Float32Array;
    for (const example of record.examples) {
      const photo = manifest.photos.find(({ file }) => file === example.photo)!;
      const clean = canvasFromRgba(await decode(await readFile(join(release, photo.key))), 8);
      const planes = async (name: string) => {
        const { data } = await decode(await readFile(join(release, name)));
        return Float32Array.from({ length: 3 * 64 }, (_, i) => data[4 * (i % 64) + Math.floor(i / 64)]);
      };
      expect(await planes(photo.canvas!)).toEqual(clean);
      expect(await planes(example.key)).toEqual(applyPerturbation(clean, v));
    }
  });
});

test('a release shows how each perturbation grew, amplified as it is in the end', async () => {
  const release = join(out, 'release');
  const { manifest } = await manifestOf(release);
  const { decode } = await codecs();
  for (const { record: key, npy, growth, surrogates } of manifest.perturbations) {
    const record = perturbationRecord.parse(JSON.parse(await readFile(join(release, key), 'utf8')));
    expect(record.growth?.key).toBe(growth);
    expect(growth !== undefined).toBe(surrogates.length > 0);
    if (!record.growth) continue;
    const { side, gradients } = record.growth;
    const { data, width, height } = await decode(await readFile(join(release, record.growth.key)));
    expect([side, width, height]).toEqual([8, 8 * gradients.length, 8]);
    const points = new Set(record.curve.map((point) => point.gradients));
    for (const taken of gradients) expect(points).toContain(taken);
    expect(gradients.at(-1)).toBe(record.gradients);
    // The last is the perturbation itself.
    const v = readNpy(await readFile(join(release, npy))).data as Float32Array;
    const last = Array.from({ length: 3 * 64 }, (_, i) => {
      const [channel, y, x] = [Math.floor(i / 64), Math.floor(i / 8) % 8, i % 8];
      return data[4 * (y * width + width - 8 + x) + channel];
    });
    expect(last).toEqual(Array.from(v, (value) => Math.floor(128 + (127 * value) / record.linf + 0.5)));
  }
});

describe('the records of a run', () => {
  const recordsOf = async () => {
    const release = join(out, 'release');
    const { manifest } = await manifestOf(release);
    return Promise.all(
      manifest.perturbations.map(async ({ record, npy }) => ({
        record: perturbationRecord.parse(JSON.parse(await readFile(join(release, record), 'utf8'))),
        v: readNpy(await readFile(join(release, npy))).data as Float32Array,
      })),
    );
  };
  const photosOf = (half: 'crafting' | 'evaluation') => loadPhotos([join(folder, 'photos')], { canvas: 8, half });

  test('show of each example what the table of predictions has of that photo', async () => {
    const release = join(out, 'release');
    const { manifest } = await manifestOf(release);
    const { parquet } = manifest.tables.find(({ name }) => name === 'predictions')!;
    const rows = await parquetReadObjects({ file: await asyncBufferFromFile(join(release, parquet)) });
    const shown = new Set<string>();
    for (const { record } of await recordsOf()) {
      for (const { photo, target, clean, perturbed, fooled } of record.examples) {
        const row = rows.find((one) => one.perturbation === record.id && one.target === target && one.photo === photo)!;
        expect([clean.index, clean.probability, clean.label]).toEqual([
          ...[row.clean, row.clean_probability, row.clean_label],
        ]);
        expect([perturbed.index, perturbed.probability]).toEqual([row.perturbed, row.perturbed_probability]);
        expect(fooled).toBe(row.fooled);
        shown.add(`${clean.probability}`);
      }
    }
    // Photos differ, and so do the answers.
    expect(shown.size).toBeGreaterThan(6);
  });

  test('have PSNR and SSIM of all evaluation photos, on whole pixels, and norms and photos as they are', async () => {
    const { pixels, names } = await photosOf('evaluation');
    const crafting = await photosOf('crafting');
    for (const { record, v } of await recordsOf()) {
      const each = names.map((_, i) => {
        const clean = pixels.subarray(192 * i, 192 * (i + 1));
        return distortion(clean, applyPerturbation(clean, v));
      });
      const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
      expect(record.psnr).toBeCloseTo(mean(each.map(({ psnr }) => psnr as number)), 9);
      expect(record.ssim).toBeCloseTo(mean(each.map(({ ssim }) => ssim)), 9);
      expect(record.linf).toBe(linfNorm(v));
      expect(record.l2).toBeCloseTo(l2Norm(v), 9);
      expect(record.crafting.photos).toBe(record.surrogates.length > 0 ? crafting.names.length : 0);
      expect(record.fooling.evaluation.map(({ perturbation }) => perturbation)).toEqual([record.id, record.id]);
    }
  });
});

describe('running again', () => {
  test('does no job twice and leaves every byte as it is', async () => {
    const before = await manifestOf(join(out, 'release'));
    const again = await run();
    expect(again.jobs).toEqual({ total: events.length > 0 ? again.jobs.total : 0, resumed: again.jobs.total });
    expect((await manifestOf(again.release)).text).toBe(before.text);
  });

  test('builds the same bytes anew where the release is gone', async () => {
    const before = await manifestOf(join(out, 'release'));
    await rm(join(out, 'release'), { recursive: true });
    const again = await run();
    expect(again.jobs.resumed).toBe(again.jobs.total - 1);
    expect((await manifestOf(again.release)).text).toBe(before.text);
  });

  test('does a job again whose output was damaged, and only that one', async () => {
    const jobs = await readdir(join(out, 'jobs'));
    const measured = jobs.find((name) => name.startsWith('measure-'))!;
    await unlink(join(out, 'jobs', measured, 'labels.npy'));
    const again = await run();
    expect(again.jobs.resumed).toBe(again.jobs.total - 1);
  });

  test('measures nothing again where a perturbation had to be crafted again and came out the same', async () => {
    const jobs = await readdir(join(out, 'jobs'));
    const folders = jobs.filter((name) => name.startsWith('craft-'));
    for (const name of folders) await unlink(join(out, 'jobs', name, 'perturbation.npy'));
    const again = await run();
    expect(again.jobs.resumed).toBe(again.jobs.total - folders.length);
  });

  test('crafts the same perturbations from nothing, with another number of workers', async () => {
    const other = join(folder, 'other');
    await runStudy({ study, out: other, provider: 'cpu', workers: 2 });
    const crafts = (await readdir(join(out, 'jobs'))).filter((name) => name.startsWith('craft-'));
    expect(crafts).toHaveLength(6);
    for (const name of crafts) {
      const bytes = (at: string) => readFile(join(at, 'jobs', name, 'perturbation.npy'));
      expect((await bytes(other)).equals(await bytes(out)), name).toBe(true);
    }
  });

  test('from nothing in another folder has the same version, and the same bytes but for run.json and what lists it', async () => {
    const other = join(folder, 'twice');
    const again = await runStudy({ study, out: other, provider: 'cpu', workers: 2 });
    const { manifest } = await manifestOf(join(out, 'release'));
    expect(again.version).toBe(manifest.version);
    const own = (name: string) => `releases/${manifest.version}/${name}`;
    const changed = await differing(join(out, 'release'), again.release);
    expect(changed).toEqual(['latest.json', own('manifest.json'), own('run.json')]);
    // Of the manifest too only what tells of the run.
    const { manifest: twice } = await manifestOf(again.release);
    const rest = ({ created, commit, files, ...same }: Manifest) => ({
      ...same,
      files: files.filter(({ key }) => key !== same.run),
    });
    expect(rest(twice)).toEqual(rest(manifest));
    const run = JSON.parse(await readFile(join(again.release, own('run.json')), 'utf8'));
    expect(run).toMatchObject({ created: twice.created, commit: twice.commit, machine: { node: process.version } });
    expect(run.perturbations.map(({ id }: { id: string }) => id)).toEqual(manifest.perturbations.map(({ id }) => id));
  });

  test('tells scripts what it does, and ends with the release and the table', () => {
    expect(events[0]).toMatchObject({ event: 'plan', done: 0 });
    const last = events.at(-1)!;
    expect(last).toMatchObject({ event: 'done', done: last.total, release: join(out, 'release') });
    if (last.event !== 'done') throw new Error('not done');
    expect(last.transfer.map(({ surrogate }) => surrogate)).toEqual(['linear1', 'linear1', 'linear2', 'linear2']);
  });
});

test('a run that is killed loses at most the job in flight', async () => {
  const slow = await writeSmallStudy(join(folder, 'slow'), {
    perturbations: [{ attack: 'sgd-uap', epsilon: 20, seeds: [1, 2, 3], budget: { gradients: 15_000 } }],
  });
  const at = join(folder, 'killed');
  const args = ['run', slow, '--out', at, '--provider', 'cpu', '--json'];
  const { child, ended } = startAtlas(args);
  let crafted = 0;
  await new Promise<void>((resolve) => {
    child.stdout.on('data', (text: string) => {
      crafted += text.split('"event":"job","stage":"craft"').length - 1;
      if (crafted >= 1) resolve();
    });
    child.on('close', () => resolve());
  });
  process.kill(-child.pid!, 'SIGKILL');
  await ended;
  const done = (await readdir(join(at, 'jobs'))).filter((name) => !name.startsWith('.')).length;
  expect(done).toBeGreaterThanOrEqual(1 + 2 + 1);
  const again = await startAtlas(args).ended;
  expect(again.code).toBe(0);
  const last = JSON.parse(again.stdout.trimEnd().split('\n').at(-1)!);
  expect(last.event).toBe('done');
  expect(last.resumed).toBeGreaterThanOrEqual(done);
  expect((await verifyRelease(last.release)).problems).toEqual([]);
}, 120_000);

test('names photos that look alike on both sides of the split, and says how to keep them together', async () => {
  const at = join(folder, 'alike');
  const path = await writeSmallStudy(at, {
    canvas: 32,
    models: ['./linear32.json'],
    perturbations: [{ attack: 'noise' }],
  });
  const { bytes, sha256, size, classes } = tinyModel({ size: 32 });
  await writeFile(join(at, 'linear32.onnx'), bytes);
  const card = JSON.parse(await readFile(join(at, 'linear1.json'), 'utf8'));
  const source = { file: 'linear32.onnx', sha256, bytes: bytes.byteLength };
  const preprocessing = { ...card.preprocessing, inputSize: size };
  await writeFile(
    join(at, 'linear32.json'),
    JSON.stringify({ ...card, id: 'linear32', source, classes, preprocessing }),
  );
  const names = await readdir(join(at, 'photos'));
  const [own] = splitPhotos(names).crafting.map((index) => names[index]);
  // The same photo under a name that evaluates.
  const twin = Array.from({ length: 20 }, (_, i) => `twin${i}.jpg`).find(
    (name) => splitPhotos([name]).evaluation.length > 0,
  )!;
  await copyFile(join(at, 'photos', own), join(at, 'photos', twin));
  const notices = async () => {
    const told: string[] = [];
    const onEvent = (event: StudyEvent) => event.event === 'notice' && told.push(event.text);
    await runStudy({ study: path, out: join(at, 'out'), provider: 'cpu', workers: 1, onEvent });
    return told.filter((text) => text.includes('look alike'));
  };
  expect(await notices()).toEqual([expect.stringContaining(`evaluates it: ${own} and ${twin}. Take one`)]);
  await writeFile(join(at, 'photos', 'groups.json'), JSON.stringify([[own, twin]]));
  expect(await notices()).toEqual([]);
});

test('shows photos only where the study says so, and tells classes by their index, whatever they are called', async () => {
  const at = join(folder, 'shown');
  const examplesOf = async (publish: boolean) => {
    const path = await writeSmallStudy(at, {
      photos: { folder: 'photos', credits: 'credits.json', publish },
      perturbations: [
        { attack: 'sgd-uap', epsilon: 20, budget: { gradients: 2000 } },
        { attack: 'noise', norm: '2', epsilon: 200 },
      ],
    });
    const card = join(at, 'linear1.json');
    await writeFile(join(at, 'labels.json'), JSON.stringify(Array(4).fill('same')));
    await writeFile(card, JSON.stringify({ ...JSON.parse(await readFile(card, 'utf8')), labels: './labels.json' }));
    const { release } = await runStudy({ study: path, out: join(at, `out-${publish}`), provider: 'cpu', workers: 1 });
    const { manifest } = await manifestOf(release);
    const records = await Promise.all(
      manifest.perturbations.map(async ({ record }) =>
        perturbationRecord.parse(JSON.parse(await readFile(join(release, record), 'utf8'))),
      ),
    );
    // Under norm 2 the largest value is no bound that anybody gave.
    const { norm, linf, l2 } = records.at(-1)!;
    const v = readNpy(await readFile(join(release, manifest.perturbations.at(-1)!.npy))).data as Float32Array;
    expect({ norm, linf, l2 }).toEqual({ norm: '2', linf: linfNorm(v), l2: expect.closeTo(200, 3) });
    return { photos: manifest.photos, examples: records.flatMap(({ examples }) => examples) };
  };
  expect(await examplesOf(false)).toEqual({ photos: [], examples: [] });
  const { photos, examples } = await examplesOf(true);
  expect(photos.length).toBeGreaterThan(3);
  const onFirst = examples.filter(({ target }) => target === 'linear1');
  expect(onFirst.every(({ clean, perturbed }) => clean.label === 'same' && perturbed.label === 'same')).toBe(true);
  expect(onFirst.some(({ fooled }) => fooled)).toBe(true);
  for (const { clean, perturbed, fooled } of examples) expect(fooled).toBe(clean.index !== perturbed.index);
});

test('two runs do not work in one folder, and the lock of a dead one is taken over', async () => {
  const at = join(folder, 'locked');
  const options = { study, out: at, provider: 'cpu', workers: 1 } as const;
  const [first, second] = await Promise.allSettled([runStudy(options), runStudy(options)]);
  const failed = first.status === 'rejected' ? first : second;
  expect(failed.status === 'rejected' && failed.reason.message).toMatch(/Another run .* is working in/);
  expect([first, second].filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  await writeFile(join(at, 'lock'), JSON.stringify({ pid: 2 ** 22 + 1, started: '1' }));
  await expect(runStudy(options)).resolves.toMatchObject({ version: expect.any(String) });
});
