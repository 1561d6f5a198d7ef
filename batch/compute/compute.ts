import { availableParallelism } from 'node:os';
import type { Provider } from '#shared/release';
import { ComputeError, Pool } from './pool.ts';
import type { Item, Job, JobResult, PixelRule, Pixels, Program, Table } from './protocol.ts';
import { chooseProvider } from './providers.ts';

export interface ComputeOptions {
  /** Default auto. */
  provider?: Provider | 'auto';
  /** Threads; default one for each processor, and one on a GPU. The results do not depend on it, to the last bit. */
  workers?: number;
  /**
   * Models, and gradients of models, that each thread keeps open; default 4. Beyond it the one not used for longest is
   * let go.
   */
  sessions?: number;
  /** Told in one line what a person should know, such as that auto fell back to the CPU. */
  notice?: (line: string) => void;
}

export interface LogitsTask {
  /** A prepared model: `canvas` [N,3,S,S] to `logits` [N,K]. */
  program: Program;
  photos: Pixels;
  items: Item[];
  /** [3,S,S], or one for each item; left out or null: the photos as they are. */
  v?: Float32Array | Float32Array[] | null;
  /** Default `rounded`. */
  rule?: PixelRule;
  /** Further inputs of the program that are the same for every item. */
  constants?: Record<string, Float32Array>;
  /** Another output of the program, [N, F], that is handed back beside the logits. */
  beside?: string;
  signal?: AbortSignal;
  /** Called as items are finished. */
  onProgress?: (done: number) => void;
}

export interface GradientTask {
  /** A prepared model with a loss, differentiated: outputs `logits`, `loss` [N] and `gradient` [N,3,S,S]. */
  program: Program;
  photos: Pixels;
  items: Item[];
  v: Float32Array;
  /**
   * Inputs of the loss that differ from photo to photo, such as `reference` or `labels`: an item is fed the row that
   * its `row` names.
   */
  tables?: Record<string, Table>;
  /** Inputs of the loss that are the same for every item, such as `centre`. */
  constants?: Record<string, Float32Array>;
  signal?: AbortSignal;
}

export interface ClassGradientsTask {
  /**
   * `withCotangent` of a prepared model, differentiated: inputs `canvas` and `cotangent`, outputs `logits`, `loss` and
   * `gradient`.
   */
  program: Program;
  photos: Pixels;
  /**
   * Each a photo, the perturbation [3,S,S] that is added to it, and the cotangents [M,K]: the weights of its logits in
   * M sums.
   */
  points: { item: Item; v: Float32Array; cotangents: Float32Array }[];
  /** K. */
  classes: number;
  /**
   * For models that mix the batch with other axes (`keepsBatchApart` is false): the photo goes through once for every
   * cotangent.
   */
  repeat?: boolean;
  signal?: AbortSignal;
}

/** Everything that runs models. One for a command: open it, use it, close it. */
export interface Compute {
  readonly provider: Provider;
  readonly workers: number;
  /** Which operators gradient graphs should be written in for this provider: an option of `differentiate`. */
  readonly profile: 'cpu' | 'gpu';
  /**
   * Photos that go through the model together; a property of the provider alone, since it decides how sums are rounded.
   */
  readonly microBatch: number;
  /** Logits [items, K] of photos, perturbed or not; and [items, F] of what was asked for beside them, else nothing. */
  logits(task: LogitsTask): Promise<{ logits: Float32Array; classes: number; beside: Float32Array }>;
  /**
   * The sum over the items, each times its weight, of the gradient of its loss with respect to its pixels, [3,S,S];
   * with the losses [items] and the logits [items, K].
   */
  gradient(
    task: GradientTask,
  ): Promise<{ gradient: Float32Array; losses: Float32Array; logits: Float32Array; classes: number }>;
  /**
   * M gradients of every point, [M,3,S,S], each of one weighted sum of its logits, and the logits [K]: one forward pass
   * for all gradients of a point, since what it left behind broadcasts against the cotangents, unless the task says
   * `repeat`.
   */
  classGradients(task: ClassGradientsTask): Promise<{ gradients: Float32Array; logits: Float32Array }[]>;
  /** Gives back the sessions of one program, or of all. */
  release(key?: string): Promise<void>;
  /** Ends the threads; running work is rejected. May be called twice. */
  close(): Promise<void>;
}

// CPU: with one thread a session, 1 was as fast as 2 for every starter model (within 5 %), and needs less memory. A GPU
// starves below a dozen.
const microBatches: Record<Provider, number> = { cpu: 1, cuda: 20, webgpu: 8 };

/** A float vector that threads read in place. */
export function sharedFloats(length: number): Float32Array {
  return new Float32Array(new SharedArrayBuffer(4 * length));
}

const isShared = (view: ArrayBufferView) => view.buffer instanceof SharedArrayBuffer;

function share<T extends Uint8Array | Float32Array | Int32Array>(view: T): T {
  if (isShared(view)) return view;
  const buffer = new SharedArrayBuffer(view.byteLength);
  new Uint8Array(buffer).set(new Uint8Array(view.buffer as ArrayBuffer, view.byteOffset, view.byteLength));
  // Not view.constructor: the bytes of a file are a Buffer, whose constructor means something else.
  if (view instanceof Float32Array) return new Float32Array(buffer) as T;
  if (view instanceof Int32Array) return new Int32Array(buffer) as T;
  return new Uint8Array(buffer) as T;
}

class PooledCompute implements Compute {
  readonly provider: Provider;
  readonly workers: number;
  readonly profile: 'cpu' | 'gpu';
  readonly microBatch: number;
  #pool: Pool;
  // Shared copies of what callers hold in ordinary memory, kept for as long as the original is.
  #shared = new WeakMap<ArrayBufferView, ArrayBufferView>();

  constructor(provider: Provider, workers: number, sessions: number) {
    this.provider = provider;
    this.workers = workers;
    this.microBatch = microBatches[provider];
    this.profile = provider === 'webgpu' ? 'gpu' : 'cpu';
    this.#pool = new Pool(workers, { provider, sessions });
  }

  #once<T extends Uint8Array | Float32Array | Int32Array>(view: T): T {
    if (isShared(view)) return view;
    const known = this.#shared.get(view);
    if (known) return known as T;
    const made = share(view);
    this.#shared.set(view, made);
    return made;
  }

  #jobs(task: LogitsTask | GradientTask, gradient: boolean, rule: PixelRule): Omit<Job, 'id'>[] {
    const { items, photos, v } = task;
    const [one, each] = Array.isArray(v) ? [null, v] : [v ?? null, null];
    for (const perturbation of each ?? [one]) check(photos, items, perturbation);
    const tables = 'tables' in task && task.tables ? task.tables : {};
    const common = {
      program: { key: task.program.key, bytes: this.#once(task.program.bytes) },
      photos: { pixels: this.#once(photos.pixels), size: photos.size },
      // v changes from step to step, so its copy is never kept.
      perturbation: one && share(one),
      rule,
      tables: Object.fromEntries(
        Object.entries(tables).map(([name, { data, width }]) => [name, { data: this.#once(data), width }]),
      ),
      constants: 'constants' in task && task.constants ? task.constants : {},
      gradient,
      ...('beside' in task && { beside: task.beside }),
    };
    if (each) return items.map((item, i) => ({ ...common, items: [item], perturbation: each[i] }));
    const jobs: Omit<Job, 'id'>[] = [];
    for (let i = 0; i < items.length; i += this.microBatch)
      jobs.push({ ...common, items: items.slice(i, i + this.microBatch) });
    return jobs;
  }

  async logits(task: LogitsTask): ReturnType<Compute['logits']> {
    const jobs = this.#jobs(task, false, task.rule ?? 'rounded');
    let done = 0;
    const results = await this.#pool.run(jobs, task.signal, (index) => {
      done += jobs[index].items.length;
      task.onProgress?.(done);
    });
    return { ...gather(results, task.items.length), beside: joined(results.map(({ beside }) => beside)) };
  }

  async gradient(task: GradientTask): ReturnType<Compute['gradient']> {
    const results = await this.#pool.run(this.#jobs(task, true, 'clipped'), task.signal);
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
      ({ item, v, cotangents }): Omit<Job, 'id'> => ({
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
    const results = await this.#pool.run(jobs, signal);
    return results.map(({ gradient, logits }) => ({ gradients: gradient, logits: logits.subarray(0, classes) }));
  }

  async release(key?: string): Promise<void> {
    await this.#pool.release(key ?? null);
  }

  async close(): Promise<void> {
    await this.#pool.close();
  }
}

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

/**
 * Starts the threads around onnxruntime-node.
 *
 * @throws ComputeError when the provider does not work on this machine.
 */
export async function openCompute(options: ComputeOptions = {}): Promise<Compute> {
  const provider = await chooseProvider(options.provider ?? 'auto', options.notice);
  const workers = options.workers ?? (provider === 'cpu' ? availableParallelism() : 1);
  if (!Number.isInteger(workers) || workers < 1)
    throw new ComputeError(`${workers} is not a number of threads. Use 1 or more.`);
  return new PooledCompute(provider, workers, options.sessions ?? 4);
}
