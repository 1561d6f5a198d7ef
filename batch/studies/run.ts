import { join, resolve } from 'node:path';
import { ComputeError } from '#shared/compute';
import type { Provider, TransferRow } from '#shared/release';
import { type FindingResult, type PhotosResult, readRows } from '../analyses/index.ts';
import {
  CodeReader,
  closeMachine,
  computeOf,
  type Job,
  type JobEvent,
  JobStore,
  lockFolder,
  type Machine,
  type Output,
  Progress,
  runJobs,
  Speeds,
} from '../jobs/index.ts';
import { type LoadedStudy, loadStudy } from './load.ts';
import { findPhotos } from './photos.ts';
import { type Plan, plan, sourcesOf } from './plan.ts';
import { rememberProvider, settledProvider, setupOf } from './provider.ts';
import { tellPhotos } from './tell-photos.ts';

/** What a run tells while it works, and at its end. */
export type StudyEvent =
  | JobEvent
  | {
      event: 'done';
      stage: 'done';
      job: null;
      done: number;
      total: number;
      /** How many of the jobs were there already. */
      resumed: number;
      seconds: number;
      /** Root folder of the release. */
      release: string;
      version: string;
      /** Perturbations that were crafted on a model; the control is in each row. */
      transfer: TransferRow[];
      /** What each finding shows, as one sentence; null where it does not say it in one. */
      findings: Said[];
    };

export type Said = Pick<FindingResult, 'name' | 'says'>;

export interface StudyOptions {
  /** Path of the study file. */
  study: string;
  /** Folder of the jobs and of the release; `.atlas/<study id>` of the current folder when left out. */
  out?: string;
  /** Do everything again. */
  fresh?: boolean;
  provider?: Provider | 'auto';
  workers?: number;
}

export interface RunOptions extends StudyOptions {
  signal?: AbortSignal;
  onEvent?: (event: StudyEvent) => void;
}

export interface StudyResult {
  study: LoadedStudy;
  /** Root folder of the release: latest.json is in it. */
  release: string;
  version: string;
  /** Every perturbation on every model, noise included. */
  transfer: TransferRow[];
  findings: Said[];
  jobs: { total: number; resumed: number };
  seconds: number;
}

/** A study whose jobs are done. */
export interface Finished {
  study: LoadedStudy;
  plan: Plan;
  progress: Pick<Progress, 'counts'>;
  /** Folder of jobs and release. */
  out: string;
  output<Result>(job: Job<Result>): Output<Result>;
}

/** The provider that a study began with works no longer on this machine. */
class ProviderGone extends Error {}

/** Folder of a study's jobs and release. */
export const folderOf = ({ study }: LoadedStudy, { out }: StudyOptions) => resolve(out ?? join('.atlas', study.id));

/**
 * Runs a study to its release. Jobs whose output is there are not run again; so a killed run resumes, and loses at most
 * the job in flight.
 *
 * @throws UsageError for a study that is wrong; AtlasError while another run works in the same folder.
 */
export async function runStudy(options: RunOptions): Promise<StudyResult> {
  return resultOf(await finish(options), options.onEvent);
}

/** What a run came to, which is told as its last event too. */
export async function resultOf(
  { study, plan, progress, out, output }: Finished,
  onEvent: RunOptions['onEvent'],
): Promise<StudyResult> {
  const { version } = output(plan.release!).result;
  const transfer = await readRows<TransferRow>(output(plan.transfer));
  const { done, total, resumed, seconds } = progress.counts;
  const release = join(out, 'release');
  const findings = [...plan.findings.values()].map((job): Said => {
    const { name, says } = output(job).result;
    return { name, says };
  });
  onEvent?.({
    ...{ event: 'done', stage: 'done', job: null, done, total, resumed, seconds, release, version },
    ...{ transfer: transfer.filter(({ surrogate }) => surrogate !== 'none'), findings },
  });
  return { study, release, version, transfer, findings, jobs: { total, resumed }, seconds };
}

/**
 * Runs a study as far as some findings need it.
 * @param names Of findings, whether or not the study names them; left out: those that it has.
 * @returns What each came out as, and the folder of the study.
 */
export async function runFindings(
  options: RunOptions,
  names?: readonly string[],
): Promise<{ findings: Output<FindingResult>[]; out: string }> {
  const { plan, out, output } = await finish(options, { only: names });
  return { findings: [...plan.findings.values()].map((job) => output(job)), out };
}

async function finish(options: RunOptions, findings?: { only?: readonly string[] }): Promise<Finished> {
  const study = await loadStudy(options.study);
  const out = folderOf(study, options);
  const unlock = await lockFolder(out);
  try {
    const store = new JobStore(join(out, 'jobs'));
    await store.clean({ fresh: options.fresh ?? false });
    try {
      return await attempt(options, study, store, findings);
    } catch (error) {
      if (!(error instanceof ProviderGone)) throw error;
      // The machine that the study began on is gone, or its GPU: all of it is done with what works here.
      return await attempt({ ...options, fresh: true }, study, store, findings);
    }
  } finally {
    await unlock();
  }
}

async function attempt(
  options: RunOptions,
  study: LoadedStudy,
  store: JobStore,
  findings?: { only?: readonly string[] },
): Promise<Finished> {
  const { onEvent = () => {}, signal, workers, provider = 'auto' } = options;
  const out = folderOf(study, options);
  const progress = new Progress(onEvent);
  const settled = await settledProvider(options, out);
  const machine: Machine = {
    options: { provider: settled ?? 'auto', workers, notice: (text) => progress.notice(text) },
  };
  try {
    const photos = await findPhotos(study.photos, join(out, 'photos.json'), { keep: true });
    // Only to find out what works here is compute opened before a job needs it.
    const name = settled ?? (await computeOf(machine)).provider;
    if (!settled) await rememberProvider(name, out);
    const sources = await sourcesOf(study.models);
    const planned = plan(study, { photos, provider: name, sources, release: join(out, 'release') }, findings);
    const speeds = await Speeds.load(setupOf(name, workers));
    const told: PhotosResult[] = [];
    const outputs = await runJobs(planned.jobs, {
      ...{ store, codes: await CodeReader.open(), machine, progress, speeds, signal },
      onOutput: (job, output) => {
        if (job.step !== 'photos') return;
        told.push(output.result as PhotosResult);
        tellPhotos(told, photos.source, progress);
      },
    }).finally(() => speeds.save());
    const output = <Result>(job: Job<Result>) => outputs.get(job as Job) as Output<Result>;
    return { study, plan: planned, progress, out, output };
  } catch (error) {
    const isGone = error instanceof ComputeError && machine.compute === undefined;
    if (settled && provider === 'auto' && isGone) throw new ProviderGone();
    throw error;
  } finally {
    await closeMachine(machine);
  }
}
