/**
 * A study on many machines. What reads the study's own files, and the release, is done here, in the folder that a run
 * on one machine has too; everything else by workers, through the store.
 */
import { join } from 'node:path';
import { AtlasError } from '#shared/errors';
import type { PhotosResult } from '../analyses/index.ts';
import { chooseProvider } from '../compute/index.ts';
import {
  addressOf,
  CodeReader,
  closeMachine,
  currentCommit,
  doJob,
  type Job,
  JobStore,
  lockFolder,
  type Machine,
  type Output,
  outputName,
  Progress,
  runJobs,
  Speeds,
} from '../jobs/index.ts';
import {
  findPhotos,
  folderOf,
  loadStudy,
  plan,
  type RunOptions,
  rememberProvider,
  resultOf,
  type StudyEvent,
  type StudyResult,
  settledProvider,
  sourcesOf,
  tellPhotos,
} from '../studies/index.ts';
import { openQueue, type Queue } from './boss.ts';
import { bundleOf, ownPlan, type Sources } from './bundle.ts';
import { follow } from './follow.ts';
import type { OwnPlan } from './own-plans.ts';
import { Patience } from './patience.ts';
import { announce, effortOf, heartbeatSeconds, withdraw } from './plans.ts';
import { type Missing, type QueueEvent, QueueProgress } from './progress.ts';
import { SharedStore } from './shared-store.ts';
import { supervise } from './supervise.ts';

export interface QueuedRunOptions extends Omit<RunOptions, 'onEvent' | 'fresh' | 'workers'> {
  /** Addresses of the queue and of the store. */
  queue: string;
  store: string;
  /** Seconds after which a worker that is not heard of has lost its job; 45 when left out. */
  heartbeat?: number;
  onEvent?: (event: StudyEvent | QueueEvent) => void;
}

/** Some jobs were given up, and there is no release. */
export class MissingError extends AtlasError {
  override name = 'MissingError';
  readonly missing: readonly Missing[];

  constructor(study: string, missing: readonly Missing[]) {
    const failed = missing.filter((one) => one.failed);
    const [first] = failed;
    super(
      `${missing.length} jobs of ${study} are missing, so there is no release: ${failed.length} failed, such as ${first.step} ${first.id} (${first.why.replace(/\.$/, '')}). Everything else is done and kept. Mend the cause, then \`atlas jobs --queue … --retry\` has them tried again, and the same command goes on.`,
    );
    this.missing = missing;
  }
}

/**
 * Runs a study to its release with the help of workers.
 * @throws as `runStudy`; MissingError where jobs were given up; AtlasError where queue or store cannot be had at first.
 */
export async function runQueued(options: QueuedRunOptions): Promise<StudyResult> {
  const { onEvent = () => {}, signal } = options;
  const study = await loadStudy(options.study);
  const out = folderOf(study, options);
  const store = SharedStore.open(options.store);
  const unlock = await lockFolder(out);
  try {
    const queue = await openQueue(options.queue);
    try {
      // Also says at once whether the store can be had.
      const before = await store.names(signal);
      const photos = await findPhotos(study.photos, join(out, 'photos.json'), { keep: true });
      const provider = (await settledProvider(options, out)) ?? (await chooseProvider('auto'));
      if (options.provider === undefined || options.provider === 'auto') await rememberProvider(provider, out);
      const sources: Sources = { study, photos, provider, sources: await sourcesOf(study.models) };
      return await new QueuedRun(options, sources, { queue, store, out, onEvent }).run(before);
    } finally {
      await queue.close();
    }
  } finally {
    await unlock();
  }
}

interface Ways {
  queue: Queue;
  store: SharedStore;
  out: string;
  onEvent: (event: StudyEvent | QueueEvent) => void;
}

class QueuedRun {
  readonly #options: QueuedRunOptions;
  readonly #sources: Sources;
  readonly #ways: Ways;
  readonly #local: JobStore;

  constructor(options: QueuedRunOptions, sources: Sources, ways: Ways) {
    this.#options = options;
    this.#sources = sources;
    this.#ways = ways;
    this.#local = new JobStore(join(ways.out, 'jobs'));
  }

  async run(before: ReadonlySet<string>): Promise<StudyResult> {
    const { signal, heartbeat = heartbeatSeconds } = this.#options;
    const { study, photos, provider } = this.#sources;
    const { queue, store, out, onEvent } = this.#ways;
    await this.#local.clean({ fresh: false });
    const codes = await CodeReader.open();
    const planned = plan(study, { ...this.#sources, release: join(out, 'release') });
    const own = ownPlan(planned.jobs, codes);
    const here = planned.jobs.filter(({ isLocal }) => isLocal);
    const progress = new QueueProgress([...here, ...own.jobs.values()], onEvent);
    const patience = new Patience((text) => progress.notice(text), signal);
    const machine: Machine = { options: { provider } };
    const ending = new AbortController();
    const plans = () => [own.plan];
    const supervision = supervise({ queue, patience, plans, heartbeat }, ending.signal);
    const outputs = new Map<Job, Output>();
    try {
      const release = planned.release as Job;
      const told: PhotosResult[] = [];
      const made = await runJobs(
        here.filter((job) => job !== release),
        {
          ...{ store: this.#local, codes, machine, signal, speeds: new Speeds({}, '') },
          progress: new Progress((event) => {
            const { done, total } = progress.counts;
            if (event.event === 'progress' || event.event === 'notice') onEvent({ ...event, done, total });
          }),
          onOutput: (job, output) => {
            progress.endHere(job, output);
            if (job.step !== 'photos') return;
            told.push(output.result as PhotosResult);
            tellPhotos(told, photos.source, progress);
          },
        },
      );
      for (const [job, output] of made) {
        outputs.set(job, output);
        const name = outputName(job.step, output.key);
        if (!before.has(name)) await patience.through('store', () => store.give(name, output.folder, signal));
      }
      const source = await patience.through('store', () => store.addStudy(bundleOf(this.#sources), signal));
      await this.#announce(own, { source, there: before, heartbeat, patience });
      const isThere = (name: string) => patience.through('store', () => store.has(name, signal));
      await follow({ ...{ queue, patience, own, there: before, progress, signal }, isThere });
      if (progress.missing.length > 0) throw new MissingError(study.study.id, [...progress.missing, gone(release)]);
      await patience.through('database', () => withdraw(queue, own.plan));
      for (const need of release.needs) outputs.set(need, await this.#fetch(need, own, patience));
      const output = await this.#release(release, { codes, machine, own, outputs });
      outputs.set(release, output);
      progress.endHere(release, output);
      const get = <Result>(job: Job<Result>) => outputs.get(job as Job) as Output<Result>;
      return await resultOf({ study, plan: planned, progress, out, output: get }, onEvent);
    } finally {
      ending.abort();
      await supervision;
      await closeMachine(machine);
    }
  }

  async #announce(
    { plan, jobs, keys }: OwnPlan,
    of: { source: string; there: ReadonlySet<string>; heartbeat: number; patience: Patience },
  ): Promise<void> {
    const { study, provider } = this.#sources;
    const { queue } = this.#ways;
    const left = [...jobs.values()].filter((job) => !of.there.has(outputName(job.step, keys.get(job) as string)));
    const effort: Record<string, number> = {};
    for (const { step, work } of left) effort[step] = (effort[step] ?? 0) + effortOf(work);
    const commit = await currentCommit();
    const said = { plan, source: of.source, study: study.study.id, provider, commit, jobs: left.length, effort };
    await of.patience.through('database', () => announce(queue, said, of.heartbeat));
  }

  /** Into the folder of this run. */
  async #fetch(job: Job, { keys }: OwnPlan, patience: Patience): Promise<Output> {
    const { store, out } = this.#ways;
    const { signal } = this.#options;
    const key = keys.get(job) as string;
    const known = await this.#local.find(job, key);
    if (known) return known;
    const name = outputName(job.step, key);
    const folder = join(out, 'jobs', name);
    const isThere = await patience.through('store', () => store.take(name, folder, signal), signal);
    const output = isThere ? await this.#local.find(job, key) : null;
    if (output) return output;
    throw new AtlasError(
      `The output of ${job.step} ${job.id} is not in the store, though it was done. Run the same command again, which has it made again.`,
    );
  }

  async #release(
    release: Job,
    of: { codes: CodeReader; machine: Machine; own: OwnPlan; outputs: Map<Job, Output> },
  ): Promise<Output> {
    const key = of.own.keys.get(release) as string;
    const known = await this.#local.find(release, key);
    if (known && (await release.isThere(known))) return known;
    return doJob(release, addressOf(release, key, of.outputs, of.codes), known, {
      ...{ outputs: of.outputs, store: this.#local, machine: of.machine, signal: this.#options.signal },
      report: () => {},
    });
  }
}

/** The release, where jobs are missing. */
const gone = ({ step, id }: Job): Missing => ({ step, id, why: 'needs what is missing', failed: false });
