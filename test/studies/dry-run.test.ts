import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { attacks } from '#shared/attacks';
import { dryRun, runStudy } from '../../batch/studies/index.ts';
import { startAtlas } from '../cli/atlas.ts';
import { writeSmallStudy } from './small-study.ts';

let folder: string;
let study: string;
let out: string;
const look = (of: object = {}) => dryRun({ study, out, provider: 'cpu', workers: 1, ...of });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'atlas-dry-'));
  study = await writeSmallStudy(folder);
  out = join(folder, 'out');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('says what there is to do and writes nothing; after the run there is nothing left', async () => {
  const before = await look();
  expect(existsSync(out)).toBe(false);
  const steps = Map.groupBy(before.jobs, ({ step }) => step);
  expect(Object.fromEntries([...steps].map(([step, jobs]) => [step, jobs.length]))).toEqual({
    ...{ photos: 2, prepare: 2, looked: 2, craft: 6, derive: 2, measure: 18, distortion: 3, analyse: 5, release: 1 },
  });
  expect(before.jobs.every(({ done, key }) => !done && /^[0-9a-f]{16}$/.test(key))).toBe(true);
  expect(before.gradients).toBe(4000);
  expect(before.forwards).toBeGreaterThan(0);
  const measure = before.jobs.find(({ id }) => id === 'noise.inf20.s1 on linear2')!;
  expect(measure.needs).toEqual(['prepare linear2', 'photos evaluation', 'craft noise.inf20.s1']);

  const { jobs } = await runStudy({ study, out, provider: 'cpu', workers: 1 });
  expect(jobs.total).toBe(before.jobs.length);
  const after = await look();
  expect(after.jobs.map(({ key }) => key)).toEqual(before.jobs.map(({ key }) => key));
  expect(after.jobs.filter(({ done }) => !done)).toEqual([]);
  expect(after).toMatchObject({ gradients: 0, forwards: 0, seconds: 0 });
  // What was learnt of this machine tells how long it takes from nothing.
  const fresh = await look({ fresh: true });
  expect(fresh.jobs.every(({ done }) => !done)).toBe(true);
  expect(fresh.seconds).toBeGreaterThan(0);
  expect(fresh.seconds).toBeLessThan(60);
});

test('keys are folders of the store', async () => {
  const { jobs } = await look();
  expect((await readdir(join(out, 'jobs'))).sort()).toEqual(jobs.map(({ step, key }) => `${step}-${key}`).sort());
});

test('one more attack in the library leaves nothing to do', async () => {
  const table = attacks as Map<string, unknown>;
  const noise = attacks.get('noise')!;
  table.set('toy', { ...noise, name: 'toy' });
  const { jobs } = await look().finally(() => table.delete('toy'));
  expect(jobs.filter(({ done }) => !done)).toEqual([]);
});

test('sums what is left by the budget: seconds as they are, and the most that fooling can take', async () => {
  const of = async (budget: object) => {
    const perturbations = [{ attack: 'sgd-uap', surrogates: ['linear1'], budget }];
    const path = await writeSmallStudy(join(folder, 'budgets'), { perturbations });
    return dryRun({ study: path, out: join(folder, 'none'), provider: 'cpu', workers: 1 });
  };
  expect(await of({ fooling: 0.5 })).toMatchObject({ gradients: 20_000, atMost: true });
  expect(await of({ fooling: 0.5, gradients: 700 })).toMatchObject({ gradients: 700, atMost: true });
  const seconds = await of({ seconds: 90 });
  expect(seconds).toMatchObject({ gradients: 0, atMost: false });
  expect(seconds.seconds).toBeGreaterThanOrEqual(90);
});

test('the command line prints it, and as JSON', async () => {
  const args = ['run', study, '--out', out, '--provider', 'cpu', '--workers', '1', '--dry-run'];
  const text = await startAtlas(args).ended;
  expect(text.stdout).toMatch(/All 41 jobs are done: there is nothing to do\.\n$/);
  const json = JSON.parse((await startAtlas([...args, '--json', '--fresh']).ended).stdout);
  expect(json.jobs).toHaveLength(41);
  expect(Object.keys(json.jobs[0])).toEqual(['step', 'id', 'key', 'done', 'needs']);
  const fresh = await startAtlas([...args, '--fresh']).ended;
  expect(fresh.stdout).toMatch(/41 of 41 jobs to do: 4000 gradients and \d+ forward passes on cpu\.\nTime that this/);
});
