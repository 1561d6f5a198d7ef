/** Perturbations that others made, as parts of a study. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readNpy, writeNpy } from '#shared/formats';
import { type Manifest, perturbationRecord } from '#shared/release';
import { verifyRelease } from '../../batch/publish/index.ts';
import { runStudy, type StudyEvent } from '../../batch/studies/index.ts';
import { startWorker } from '../support/worker.ts';
import { writeSmallStudy } from './small-study.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'atlas-given-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const run = (study: string, out: string, onEvent?: (event: StudyEvent) => void) =>
  runStudy({ study, out: join(folder, out), provider: 'cpu', workers: 1, onEvent });
const manifestOf = async (release: string): Promise<Manifest> => {
  const { manifest } = JSON.parse(await readFile(join(release, 'latest.json'), 'utf8'));
  return JSON.parse(await readFile(join(release, manifest.key), 'utf8'));
};
const rowsOf = async (release: string, name: string) => {
  const { tables } = await manifestOf(release);
  const { parquet } = tables.find((table) => table.name === name)!;
  return parquetReadObjects({ file: await asyncBufferFromFile(join(release, parquet)) });
};
const credit = { author: 'A. Nother', licence: 'MIT', source: 'https://example.org/uap', paper: 'Theirs, 2020' };

describe('a study of perturbations that others made', () => {
  let own: string;
  let v: Float32Array<ArrayBuffer>;
  /** The ratio of `v` by target, as the study that crafted it has it. */
  let ratios: Record<string, number>;
  let study: string;
  let given: Awaited<ReturnType<typeof runStudy>>;

  const write = (perturbations: unknown[], more: Record<string, unknown> = {}) =>
    writeSmallStudy(folder, { perturbations, ...more });
  const entries = [
    { attack: 'noise', epsilon: 20 },
    { file: 'theirs/minus one.npy', scale: '-1..1', publish: false, credit },
    { file: 'theirs/stack.npy', id: 'second', index: 1, norm: 'inf', epsilon: 20, publish: true, credit },
  ];

  beforeAll(async () => {
    own = join(folder, 'own', 'release');
    const { transfer } = await run(await write([{ attack: 'sgd-uap', epsilon: 20, surrogates: ['linear1'] }]), 'own');
    ratios = Object.fromEntries(transfer.map(({ target, ratio }) => [target, ratio]));
    const [{ npy }] = (await manifestOf(own)).perturbations;
    v = readNpy(await readFile(join(own, npy))).data as Float32Array<ArrayBuffer>;
    await mkdir(join(folder, 'theirs'));
    await writeFile(
      join(folder, 'theirs/minus one.npy'),
      writeNpy(
        v.map((x) => x / 127.5),
        [3, 8, 8],
      ),
    );
    await writeFile(
      join(folder, 'theirs/stack.npy'),
      writeNpy(new Float32Array([...v.map((x) => -x), ...v]), [2, 3, 8, 8]),
    );
    study = await write(entries);
    given = await run(study, 'given');
  });

  test('measures them as it measures its own: the same ratios for the same numbers', async () => {
    const of = (id: string) => given.transfer.filter(({ perturbation }) => perturbation === id);
    for (const id of ['minus-one', 'second']) {
      expect(Object.fromEntries(of(id).map(({ target, ratio }) => [target, ratio]))).toEqual(ratios);
      for (const row of of(id))
        expect(row).toMatchObject({ attack: 'given', surrogate: 'unknown', norm: 'inf', epsilon: 20 });
      expect(of(id)[0].noise).toBe(given.transfer.find(({ attack }) => attack === 'noise')?.ratio);
    }
    for (const name of ['predictions', 'dominance', 'perturbations', 'controls']) {
      const ids = new Set((await rowsOf(given.release, name)).map(({ perturbation }) => perturbation));
      expect([...ids], name).toEqual(expect.arrayContaining(['minus-one', 'second']));
    }
    const controls = await rowsOf(given.release, 'controls');
    const kinds = controls.filter(({ perturbation }) => perturbation === 'second').map(({ control }) => control);
    expect(new Set(kinds)).toEqual(new Set(['noise', 'blocks', 'phase-twin']));
  });

  test('publishes those that it may with their credit, and of the others figures alone', async () => {
    expect((await verifyRelease(given.release)).problems).toEqual([]);
    const manifest = await manifestOf(given.release);
    expect(manifest.perturbations.map(({ id }) => id)).toEqual(['second', 'noise.inf20.s1']);
    expect(manifest.unpublished).toEqual([
      { id: 'minus-one', attack: 'given', norm: 'inf', epsilon: 20, seed: 1, surrogates: [], credit },
    ]);
    const keys = (await readdir(given.release, { recursive: true })).filter((key) => key.includes('minus'));
    expect(keys).toEqual([]);
    const { record, npy } = manifest.perturbations[0];
    expect(readNpy(await readFile(join(given.release, npy))).data).toEqual(v);
    const parsed = perturbationRecord.parse(JSON.parse(await readFile(join(given.release, record), 'utf8')));
    expect(parsed).toMatchObject({ credit, attack: 'given', paper: 'Theirs, 2020', surrogates: [], gradients: 0 });
    expect(parsed.settings.file).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(parsed.fooling.controls?.length).toBeGreaterThan(0);
    const table = await rowsOf(given.release, 'perturbations');
    expect(table.find(({ perturbation }) => perturbation === 'minus-one')).toMatchObject({ npy: null, record: null });
    const text = async (name: string) => readFile(join(given.release, 'releases', manifest.version, name), 'utf8');
    expect(await text('LICENSE')).toMatch(/others made.*\n- second: A\. Nother, MIT, https:/);
    expect(await text('README.md')).toMatch(/not published here: minus-one \(A\. Nother/);
    expect(await text('study.json')).toMatch(/"file": "stack\.npy"/);
  });

  test('is served by the Worker: what is published, the figures of the rest, and why there is no more of it', async () => {
    const worker = await startWorker({ release: given.release });
    try {
      const get = async (path: string) => (await fetch(`${worker.url}/api/v1/${path}`)).json() as Promise<never>;
      const { perturbations } = (await get('perturbations?attack=given')) as { perturbations: { id: string }[] };
      expect(perturbations.map(({ id }) => id)).toEqual(['second']);
      expect(await get('perturbations/second')).toMatchObject({ credit });
      const problem = {
        status: 404,
        detail: expect.stringMatching(/figures of the perturbation "minus-one".*others made it/),
      };
      expect(await get('perturbations/minus-one')).toMatchObject(problem);
      const { rows } = (await get('transfer?perturbation=minus-one')) as { rows: { ratio: number; target: string }[] };
      expect(Object.fromEntries(rows.map(({ target, ratio }) => [target, ratio]))).toEqual(ratios);
    } finally {
      await worker.dispose();
    }
  });

  test('does again what depends on a file that changed, and nothing else', async () => {
    await writeFile(
      join(folder, 'theirs/minus one.npy'),
      writeNpy(
        v.map((x) => -x / 127.5),
        [3, 8, 8],
      ),
    );
    const done: string[] = [];
    await run(study, 'given', (event) => {
      if (event.event === 'job' && !event.resumed) done.push(`${event.stage} ${event.job}`);
    });
    expect(done.filter((job) => /minus-one/.test(job)).length).toBeGreaterThan(3);
    expect(done.filter((job) => /second|noise\.inf20/.test(job))).toEqual([]);
    expect(done.some((job) => job.startsWith('photos') || job.startsWith('prepare'))).toBe(false);
  });

  test.each([
    [
      'of another size',
      { file: 'theirs/large.npy' },
      /has 16 x 16 pixels, and the study's canvas has 8 x 8.*not resized/,
    ],
    ['that is not there', { file: 'theirs/none.npy' }, /none\.npy cannot be read: there is no such file/],
    ['of no clear unit', { file: 'theirs/minus one.npy' }, /does not tell its unit.*"scale" in a study/],
    ['of a stack', { file: 'theirs/stack.npy' }, /there are 2 in it/],
    ['beyond its bound', { file: 'theirs/stack.npy', index: 0, epsilon: 8, norm: 'inf' }, /larger than the bound of 8/],
    [
      'to be published without a credit',
      { file: 'theirs/stack.npy', index: 0, publish: true },
      /credit.*is needed where publish/,
    ],
    ['with a scale that is none', { file: 'theirs/stack.npy', index: 0, scale: 'x' }, /no scale of a perturbation/],
    ['with a name that is a path', { file: 'theirs/stack.npy', index: 0, id: '../x' }, /an id is letters/],
  ])('refuses one %s', async (_what, entry, message) => {
    await writeFile(join(folder, 'theirs/large.npy'), writeNpy(new Float32Array(768).fill(5), [3, 16, 16]));
    await expect(run(await write([entry]), 'refused')).rejects.toThrow(message);
  });

  test('refuses two of one name', async () => {
    const twice = [0, 0].map((index) => ({ file: 'theirs/stack.npy', index }));
    await expect(run(await write(twice), 'refused')).rejects.toThrow(/two perturbations of the id stack\.0.*"id"/);
  });

  test('rounds the bound that it finds up, and clips where it is told so', async () => {
    const odd = v.map((x) => (x > 0 ? 7.1234 : -7.1234));
    await writeFile(join(folder, 'theirs/odd.npy'), writeNpy(odd, [3, 8, 8]));
    const { transfer } = await run(
      await write([
        { file: 'theirs/odd.npy' },
        { file: 'theirs/odd.npy', id: 'clipped', norm: 'inf', epsilon: 5, clip: true },
      ]),
      'bounds',
    );
    const bounds = new Map(transfer.map(({ perturbation, epsilon }) => [perturbation, epsilon]));
    expect(Object.fromEntries(bounds)).toEqual({ odd: 7.13, clipped: 5 });
    const table = await rowsOf(join(folder, 'bounds/release'), 'perturbations');
    expect(table.map(({ linf }) => linf)).toEqual([expect.closeTo(7.1234, 4), 5]);
  });
});
