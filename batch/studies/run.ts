import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { LATEST_KEY, type TransferRow, transferRow } from '#shared/release';
import { type Compute, ComputeError, openCompute } from '../compute/index.ts';
import { UsageError } from '../errors/index.ts';
import { writeAtomic } from '../files/index.ts';
import { splitPhotos } from '../photos/index.ts';
import { buildRelease } from '../publish/index.ts';
import { currentCommit } from './code.ts';
import { Progress, type StudyEvent, workOf } from './events.ts';
import { type LoadedStudy, loadStudy } from './load.ts';
import { lockFolder } from './lock.ts';
import { photoFileHashes, StudyPhotos } from './photos.ts';
import { type Plan, planStudy } from './plan.ts';
import { type Outputs, readMeasurements, releaseContent, transferRows } from './results.ts';
import { craftJob, distortionJob, gradientsOf, measureJob, photosJob, prepareJob, type Steps } from './steps.ts';
import { JobStore } from './store.ts';

type Provider = Compute['provider'] | 'auto';

export interface RunOptions {
  /** Path of the study file. */
  study: string;
  /** Folder of the jobs and of the release; `.atlas/<study id>` of the current folder when left out. */
  out?: string;
  /** Do everything again. */
  fresh?: boolean;
  provider?: Provider;
  workers?: number;
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
  jobs: { total: number; resumed: number };
  seconds: number;
}

/** The machine that a study began on is gone; it goes on with another provider. */
class ProviderGone extends Error {}

/**
 * Runs a study to its release. Jobs whose output is there are not run again; so a killed run resumes, and loses at most
 * the job in flight.
 *
 * @throws UsageError for a study that is wrong; AtlasError while another run works in the same folder.
 */
export async function runStudy(options: RunOptions): Promise<StudyResult> {
  const study = await loadStudy(options.study);
  const plan = planStudy(study);
  const out = resolve(options.out ?? join('.atlas', study.study.id));
  const unlock = await lockFolder(out);
  try {
    const store = new JobStore(join(out, 'jobs'));
    await store.clean({ fresh: options.fresh ?? false });
    try {
      return await attempt(options, study, plan, out, store);
    } catch (error) {
      if (!(error instanceof ProviderGone)) throw error;
      return await attempt({ ...options, fresh: true }, study, plan, out, store);
    }
  } finally {
    await unlock();
  }
}

async function attempt(
  options: RunOptions,
  study: LoadedStudy,
  plan: Plan,
  out: string,
  store: JobStore,
): Promise<StudyResult> {
  const { onEvent = () => {}, signal } = options;
  const progress = new Progress(onEvent);
  const files = await photoFileHashes(study.photos, join(out, 'photos.json'));
  announce(progress, study, plan, files);
  const provider = new ChosenProvider(options, join(out, 'provider.json'), (text) => progress.notice(text));
  const photos = new StudyPhotos(study.photos, study.study.canvas);
  try {
    const steps: Steps = {
      ...{ store, progress, photos, signal },
      canvas: study.study.canvas,
      provider: await provider.name(),
      compute: () => provider.compute(),
    };
    const outputs = await runJobs(steps, study, plan, files);
    const { version, transfer } = await releaseJob(steps, study, plan, outputs, files, join(out, 'release'));
    const { done, total, resumed, seconds } = progress.counts;
    const release = join(out, 'release');
    const crafted = transfer.filter(({ surrogate }) => surrogate !== 'none');
    onEvent({
      event: 'done',
      stage: 'done',
      job: null,
      done,
      total,
      resumed,
      seconds,
      release,
      version,
      transfer: crafted,
    });
    return { study, release, version, transfer, jobs: { total, resumed }, seconds };
  } finally {
    await provider.close();
  }
}

/** Counts the jobs and their work, and refuses a study that cannot be measured. */
function announce(progress: Progress, study: LoadedStudy, plan: Plan, files: Map<string, string>): void {
  const models = study.models.length;
  const crafted = [...plan.perturbations, ...plan.controls];
  const single = files.size === 1 && /\.npy$/i.test(study.photos);
  const evaluation = splitPhotos([...files.keys()]).evaluation.length;
  if (!single && (evaluation === 0 || evaluation === files.size)) {
    throw new UsageError(
      `The ${files.size} photos of ${study.photos} all fall on one side of the split into crafting and evaluation photos, which goes by a hash of their names. Add photos: some tens at least.`,
    );
  }
  const jobs = 1 + models + crafted.length + models * (1 + crafted.length) + plan.perturbations.length + 1;
  const work =
    workOf.photos(files.size) +
    models * workOf.prepare +
    crafted.reduce((sum, planned) => sum + workOf.craft(gradientsOf(planned)), 0) +
    models * (1 + crafted.length) * workOf.measure(evaluation) +
    plan.perturbations.length * workOf.distortion +
    workOf.release;
  progress.plan(jobs, work);
}

async function runJobs(steps: Steps, study: LoadedStudy, plan: Plan, files: Map<string, string>): Promise<Outputs> {
  const { result: facts } = await photosJob(steps, files);
  for (const { file, reason } of facts.skipped) steps.progress.notice(`Skipped the photo ${file}: ${reason}`);
  const outputs: Outputs = {
    facts,
    prepared: new Map(),
    crafted: new Map(),
    measured: new Map(),
    distortion: new Map(),
  };
  for (const model of study.models) outputs.prepared.set(model.card.id, await prepareJob(steps, model));
  for (const planned of [...plan.perturbations, ...plan.controls]) {
    outputs.crafted.set(planned.id, await craftJob(steps, planned, facts, outputs.prepared));
  }
  for (const { card } of study.models) {
    const target = outputs.prepared.get(card.id)!;
    const of = new Map([['', await measureJob(steps, card.id, facts, target, null)]]);
    for (const [id, crafted] of outputs.crafted) {
      of.set(id, await measureJob(steps, `${id} on ${card.id}`, facts, target, crafted));
    }
    outputs.measured.set(card.id, of);
  }
  for (const { id } of plan.perturbations) {
    outputs.distortion.set(id, await distortionJob(steps, id, facts, outputs.crafted.get(id)!));
  }
  return outputs;
}

const releaseResult = z.object({
  version: z.string(),
  created: z.iso.datetime(),
  manifestSha256: z.string(),
  transfer: z.array(transferRow),
});

/**
 * The release is no file of its job but a folder beside the jobs; the job remembers which it was, so that building it
 * again gives the same bytes.
 */
async function releaseJob(
  steps: Steps,
  study: LoadedStudy,
  plan: Plan,
  outputs: Outputs,
  files: Map<string, string>,
  folder: string,
): Promise<z.infer<typeof releaseResult>> {
  const { store, progress, photos, provider, signal } = steps;
  signal?.throwIfAborted();
  progress.begin(0);
  const key = (job: { key: string }) => job.key;
  const inputs = {
    study: study.study,
    models: study.models.map(({ card, labels }) => ({ card, labels })),
    credits: [...study.credits.values()],
    classes: study.classes,
    files: [...files],
    prepared: [...outputs.prepared.values()].map(key),
    crafted: [...outputs.crafted.values()].map(key),
    measured: [...outputs.measured.values()].flatMap((of) => [...of.values()].map(key)),
    distortion: [...outputs.distortion.values()].map(key),
  };
  const build = async (created: string, commit: string) => {
    const measurements = await readMeasurements(outputs);
    const transfer = transferRows(study, plan, outputs, measurements);
    const of = { created, commit, provider, transfer, measurements };
    const content = await releaseContent(study, plan, outputs, photos, of);
    signal?.throwIfAborted();
    const { version, manifestSha256 } = await buildRelease(content, folder);
    return { version, created, manifestSha256, transfer };
  };
  const done = await store.run('release', { ...inputs, provider }, releaseResult, async () => ({
    result: await build(new Date().toISOString(), await currentCommit()),
  }));
  let resumed = done.resumed;
  if (done.resumed && !(await isThere(folder, done.result))) {
    await build(done.result.created, done.commit);
    resumed = false;
  }
  progress.end('release', done.result.version, { ...done, resumed });
  return done.result;
}

/** Whether the folder holds this very release, as far as its manifest tells. */
async function isThere(folder: string, { version, manifestSha256 }: z.infer<typeof releaseResult>): Promise<boolean> {
  const path = join(folder, 'releases', version, 'manifest.json');
  if (!existsSync(path) || !existsSync(join(folder, LATEST_KEY))) return false;
  return (
    createHash('sha256')
      .update(await readFile(path))
      .digest('hex') === manifestSha256
  );
}

const rememberedProvider = z.object({ auto: z.enum(['cpu', 'cuda', 'webgpu']) });

/**
 * The provider of a run, and compute once a job needs it. What auto chose at first stays chosen: results depend on the
 * provider, and looking for a GPU takes seconds that a run with nothing to do should not take. `--fresh` looks again.
 */
class ChosenProvider {
  readonly #options: RunOptions;
  readonly #memory: string;
  readonly #notice: (text: string) => void;
  #compute: Promise<Compute> | undefined;
  #remembered: Compute['provider'] | null = null;

  constructor(options: RunOptions, memory: string, notice: (text: string) => void) {
    this.#options = options;
    this.#memory = memory;
    this.#notice = notice;
  }

  async name(): Promise<string> {
    const { provider = 'auto', fresh } = this.#options;
    if (provider !== 'auto') return provider;
    if (!fresh) {
      const remembered = await readFile(this.#memory, 'utf8')
        .then((text) => rememberedProvider.parse(JSON.parse(text)))
        .catch(() => null);
      this.#remembered = remembered?.auto ?? null;
    }
    if (this.#remembered) return this.#remembered;
    const chosen = (await this.compute()).provider;
    await writeAtomic(this.#memory, JSON.stringify({ auto: chosen }));
    return chosen;
  }

  compute(): Promise<Compute> {
    const { provider = 'auto', workers } = this.#options;
    this.#compute ??= openCompute({ provider: this.#remembered ?? provider, workers, notice: this.#notice }).catch(
      (error) => {
        this.#compute = undefined;
        if (this.#remembered && error instanceof ComputeError) throw new ProviderGone();
        throw error;
      },
    );
    return this.#compute;
  }

  async close(): Promise<void> {
    await (await this.#compute?.catch(() => undefined))?.close();
  }
}
