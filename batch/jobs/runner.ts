import type { CodeReader } from './code.ts';
import { inOrder, type Job, type JobContext, type Output, withJobs } from './job.ts';
import type { Machine } from './machine.ts';
import type { Progress } from './progress.ts';
import type { Speeds } from './speeds.ts';
import { type Address, hashOf, type JobStore } from './store.ts';

export interface RunnerOptions {
  store: JobStore;
  codes: CodeReader;
  machine: Machine;
  progress: Progress;
  speeds: Speeds;
  signal?: AbortSignal;
  /** Called with each output, found or made, in the order of the jobs. */
  onOutput?: (job: Job, output: Output) => void;
}

const short = (value: unknown) => hashOf(value).slice(0, 16);

/**
 * The key of each job: a hash of its step, of the code that does it and of its inputs, with keys in place of the jobs
 * among them. So it is known before anything has run, and changes with whatever the result could depend on.
 *
 * @param jobs With everything that they need, in the order of `inOrder`.
 */
export function keysOf(jobs: readonly Job[], codes: CodeReader): Map<Job, string> {
  const keys = new Map<Job, string>();
  for (const job of jobs) {
    const inputs = withJobs(job.inputs, (need) => keys.get(need));
    keys.set(job, short({ step: job.step, code: codes.of(job.code).hash, inputs }));
  }
  return keys;
}

/**
 * Does jobs and all that they need, in an order in which each finds what it needs. A job whose output is there is not
 * done again; nor is one whose needs came out as they did before.
 *
 * @returns The output of each.
 */
export async function runJobs(jobs: readonly Job[], options: RunnerOptions): Promise<Map<Job, Output>> {
  const { store, codes, progress, speeds, signal, onOutput } = options;
  const ordered = inOrder(jobs);
  const keys = keysOf(ordered, codes);
  const planned = new Set(keys.values());
  const outputs = new Map<Job, Output>();
  const found = new Map<Job, Output | null>();
  for (const job of ordered) found.set(job, await store.find(job, keys.get(job) as string));
  progress.plan(
    ordered.map((job) => ({ job, isDone: found.get(job) !== null })),
    speeds,
  );
  for (const job of ordered) {
    signal?.throwIfAborted();
    progress.begin(job);
    const output = await outputOf(job, keys.get(job) as string, found.get(job) ?? null, { outputs, planned }, options);
    outputs.set(job, output);
    progress.end(job, output);
    onOutput?.(job, output);
  }
  return outputs;
}

async function outputOf(
  job: Job,
  key: string,
  there: Output | null,
  { outputs, planned }: { outputs: ReadonlyMap<Job, Output>; planned: ReadonlySet<string> },
  { store, codes, machine, progress, signal }: RunnerOptions,
): Promise<Output> {
  const address = addressOf(job, key, outputs, codes);
  const known = there ?? (await store.adopt(job, address, (other) => planned.has(other)));
  if (known && (await job.isThere(known))) return known;
  return doJob(job, address, known, {
    ...{ outputs, store, machine, signal },
    report: (item) => progress.item(job, item),
  });
}

/** What a job's output is kept under. @param outputs Of the jobs that it needs. */
export function addressOf(job: Job, key: string, outputs: ReadonlyMap<Job, Output>, codes: CodeReader): Address {
  const needed = (need: Job) => outputs.get(need) as Output;
  const code = codes.of(job.code).hash;
  const content = short({ ...{ step: job.step, code }, inputs: withJobs(job.inputs, (need) => needed(need).digest) });
  return { key, content, code, inputs: withJobs(job.inputs, (need) => needed(need).key) };
}

/** What one job is done with. */
export interface Doing extends JobContext {
  /** Of the jobs that it needs. */
  outputs: ReadonlyMap<Job, Output>;
  store: Pick<JobStore, 'save'>;
}

/**
 * Does one job, and keeps its output.
 * @param before Its output where what that stands for is gone, such as the folder of a release.
 */
export async function doJob(
  job: Job,
  address: Address,
  before: Output | null,
  { outputs, store, ...context }: Doing,
): Promise<Output> {
  const started = performance.now();
  const done = await job.run(context, withJobs(job.inputs, (need) => outputs.get(need)) as object, before);
  const seconds = (performance.now() - started) / 1000;
  // What had gone missing beside the store is back; the output itself is what it was.
  if (before) return { ...before, seconds, resumed: false };
  return store.save(job, address, done, seconds);
}
