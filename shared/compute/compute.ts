import { AtlasError } from '#shared/errors';
import type { Item, Job, JobResult, PixelRule, Pixels } from './jobs.ts';
import type { ClassGradientsTask, Compute, GradientTask, LogitsTask } from './tasks.ts';

/** Compute could not do what was asked. */
export class ComputeError extends AtlasError {
  override name = 'ComputeError';
}

type Numbers = Uint8Array | Float32Array | Int32Array;

/** Whoever runs jobs: threads, or this one. */
export interface Runner<Provider extends string = string>
  extends Pick<Compute<Provider>, 'provider' | 'workers' | 'profile' | 'microBatch' | 'close'> {
  /**
   * Runs jobs, and gives their results in the order of the jobs.
   * @param onDone Called with the index of each job that is finished.
   */
  run(jobs: Job[], signal?: AbortSignal, onDone?: (index: number) => void): Promise<JobResult[]>;
  /** Gives back the sessions of one program, or with null of all. */
  release(key: string | null): Promise<void>;
  /** The same numbers where all that run jobs can read them; left out: where they lie. */
  share?<T extends Numbers>(view: T): T;
}

class JobCompute<Provider extends string> implements Compute<Provider> {
  readonly provider: Provider;
  readonly workers: number;
  readonly profile: 'cpu' | 'gpu';
  readonly microBatch: number;
  readonly #runner: Runner<Provider>;
  // Shared copies of what callers hold in ordinary memory, kept for as long as the original is.
  readonly #shared = new WeakMap<ArrayBufferView, ArrayBufferView>();

  constructor(runner: Runner<Provider>) {
    this.provider = runner.provider;
    this.workers = runner.workers;
    this.profile = runner.profile;
    this.microBatch = runner.microBatch;
    this.#runner = runner;
  }

  #share<T extends Numbers>(view: T): T {
    return this.#runner.share?.(view) ?? view;
  }

  #once<T extends Numbers>(view: T): T {
    const known = this.#shared.get(view);
    if (known) return known as T;
    const made = this.#share(view);
    this.#shared.set(view, made);
    return made;
  }

  #jobs(task: LogitsTask | GradientTask, gradient: boolean, rule: PixelRule): Job[] {
    const { items, photos, v } = task;
    const [one, each] = Array.isArray(v) ? [null, v] : [v ?? null, null];
    for (const perturbation of each ?? [one]) check(photos, items, perturbation);
    const tables = 'tables' in task && task.tables ? task.tables : {};
    const common = {
      program: { key: task.program.key, bytes: this.#once(task.program.bytes) },
      photos: { pixels: this.#once(photos.pixels), size: photos.size },
      // v changes from step to step, so its copy is never kept.
      perturbation: one && this.#share(one),
      rule,
      tables: Object.fromEntries(
        Object.entries(tables).map(([name, { data, width }]) => [name, { data: this.#once(data), width }]),
      ),
      constants: 'constants' in task && task.constants ? task.constants : {},
      gradient,
      ...('beside' in task && { beside: task.beside }),
    };
    if (each) return items.map((item, i) => ({ ...common, items: [item], perturbation: each[i] }));
    const jobs: Job[] = [];
    for (let i = 0; i < items.length; i += this.microBatch)
      jobs.push({ ...common, items: items.slice(i, i + this.microBatch) });
    return jobs;
  }

  async logits(task: LogitsTask): ReturnType<Compute['logits']> {
    const jobs = this.#jobs(task, false, task.rule ?? 'rounded');
    let done = 0;
    const results = await this.#runner.run(jobs, task.signal, (index) => {
      done += jobs[index].items.length;
      task.onProgress?.(done);
    });
    return { ...gather(results, task.items.length), beside: joined(results.map(({ beside }) => beside)) };
  }

  async gradient(task: GradientTask): ReturnType<Compute['gradient']> {
    const results = await this.#runner.run(this.#jobs(task, true, 'clipped'), task.signal);
    const gradient = new Float32Array(3 * task.photos.size * task.photos.size);
    // Always in the order of the items, whichever thread was first: float addition is not associative.
    for (const part of results) for (let i = 0; i < gradient.length; i++) gradient[i] += part.gradient[i];
    const losses = new Float32Array(task.items.length);
    let offset = 0;
    for (const part of results) {
      losses.set(part.losses, offset);
      offset += part.losses.length;
    }
    return { gradient, losses, ...gather(results, task.items.length) };
  }

  async classGradients({ program, photos, points, classes, repeat = false, signal }: ClassGradientsTask) {
    for (const { item, v } of points) check(photos, [item], v);
    const jobs = points.map(
      ({ item, v, cotangents }): Job => ({
        program: { key: program.key, bytes: this.#once(program.bytes) },
        photos: { pixels: this.#once(photos.pixels), size: photos.size },
        items: Array.from({ length: repeat ? cotangents.length / classes : 1 }, () => item),
        perturbation: v,
        rule: 'clipped',
        tables: {},
        constants: {},
        gradient: true,
        cotangents: { data: cotangents, width: classes },
      }),
    );
    const results = await this.#runner.run(jobs, signal);
    return results.map(({ gradient, logits }) => ({ gradients: gradient, logits: logits.subarray(0, classes) }));
  }

  async release(key?: string): Promise<void> {
    await this.#runner.release(key ?? null);
  }

  async close(): Promise<void> {
    await this.#runner.close();
  }
}

/** Turns what is asked of models into jobs of a fixed size, and adds up what comes back in the order of the items. */
export const computeOn = <Provider extends string>(runner: Runner<Provider>): Compute<Provider> =>
  new JobCompute(runner);

/** @throws ComputeError for a photo that is not there or a perturbation of another size. */
function check(photos: Pixels, items: Item[], v: Float32Array | null): void {
  const length = 3 * photos.size * photos.size;
  const count = photos.pixels.length / length;
  const beyond = items.find(({ photo }) => !(photo >= 0 && photo < count));
  if (beyond) throw new ComputeError(`Photo ${beyond.photo} was asked for, and there are ${count}.`);
  if (v && v.length !== length) {
    throw new ComputeError(
      `The perturbation has ${v.length} values, and a canvas of ${photos.size} x ${photos.size} pixels has ${length}. Use photos of the size that it was crafted for.`,
    );
  }
}

function gather(results: JobResult[], items: number): { logits: Float32Array; classes: number } {
  const logits = joined(results.map((part) => part.logits));
  return { logits, classes: items === 0 ? 0 : logits.length / items };
}

function joined(parts: Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    all.set(part, offset);
    offset += part.length;
  }
  return all;
}
