import { join } from 'node:path';
import { chooseProvider } from '../compute/index.ts';
import { CodeReader, type Job, JobStore, keysOf, Speeds } from '../jobs/index.ts';
import { loadStudy } from './load.ts';
import { findPhotos } from './photos.ts';
import { plan, sourcesOf } from './plan.ts';
import { settledProvider, setupOf } from './provider.ts';
import { folderOf, type StudyOptions } from './run.ts';

export interface PlannedJob {
  step: string;
  id: string;
  key: string;
  /** Whether its output is there. */
  done: boolean;
  /** "<step> <id>" of each job that it needs. */
  needs: string[];
}

export interface DryRun {
  jobs: PlannedJob[];
  /** Of the jobs that are not done. */
  gradients: number;
  forwards: number;
  /** That this machine would take for them, from what it measured before; null where it never did some of it. */
  seconds: number | null;
  /** Whether it may be less: a budget names a fooling ratio. */
  atMost: boolean;
  provider: string;
}

/**
 * What a run would do. Nothing is written, and no lock is taken.
 * @throws as `runStudy` for a study that is wrong.
 */
export async function dryRun(options: StudyOptions): Promise<DryRun> {
  const { fresh, workers } = options;
  const study = await loadStudy(options.study);
  const out = folderOf(study, options);
  const photos = await findPhotos(study.photos, join(out, 'photos.json'), { keep: false });
  const name = (await settledProvider(options, out)) ?? (await chooseProvider('auto'));
  const sources = await sourcesOf(study.models);
  const { jobs } = plan(study, { photos, provider: name, sources, release: join(out, 'release') });
  const codes = await CodeReader.open();
  const keys = keysOf(jobs, codes);
  const store = new JobStore(join(out, 'jobs'));
  const speeds = await Speeds.load(setupOf(name, workers));
  const planned: PlannedJob[] = [];
  const left: Job[] = [];
  for (const job of jobs) {
    const key = keys.get(job) as string;
    const found = fresh ? null : await store.find(job, key);
    const done = found !== null && (await job.isThere(found));
    if (!done) left.push(job);
    planned.push({
      ...{ step: job.step, id: job.id, key, done },
      needs: job.needs.map((need) => `${need.step} ${need.id}`),
    });
  }
  const sum = (count: (job: Job) => number) => left.reduce((total, job) => total + count(job), 0);
  const times = left.map((job) => speeds.expect(job));
  return {
    jobs: planned,
    gradients: sum(({ work }) => work.gradients),
    forwards: sum(({ work }) => work.forwards),
    seconds: times.reduce<number | null>((total, time) => (total === null || time === null ? null : total + time), 0),
    atMost: left.some(({ work }) => work.atMost),
    provider: name,
  };
}
