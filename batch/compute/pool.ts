import { Worker } from 'node:worker_threads';
import { ComputeError, type Job, type JobResult } from '#shared/compute';
import type { Reply, Request, WorkerSettings } from './protocol.ts';

interface Waiting {
  request: Request;
  resolve(result: JobResult | null): void;
  reject(error: unknown): void;
}

interface Thread {
  worker: Worker;
  busy: Waiting | null;
  exited: Promise<void>;
}

/**
 * Threads that each take the next job when they are free. A job is answered by exactly one thread; which one does not
 * change its result. A thread that dies fails everything that was asked of the pool, now and later.
 */
export class Pool {
  readonly size: number;
  #threads: Thread[] = [];
  #queue: Waiting[] = [];
  #failure: ComputeError | null = null;
  #closing = false;
  #ids = 0;

  constructor(size: number, settings: WorkerSettings, entry: URL = new URL('./worker.ts', import.meta.url)) {
    this.size = size;
    for (let i = 0; i < size; i++) this.#threads.push(this.#start(entry, settings));
  }

  #start(entry: URL, settings: WorkerSettings): Thread {
    const worker = new Worker(entry, { workerData: settings, execArgv: [], name: 'atlas-compute' });
    const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    const thread: Thread = { worker, busy: null, exited };
    worker.on('message', (reply: Reply) => this.#receive(thread, reply));
    worker.on('error', (error) => this.#fail(error instanceof Error ? error.message : String(error)));
    worker.on('exit', (code) => {
      if (!this.#closing) this.#fail(`it ended with code ${code}`);
    });
    return thread;
  }

  #fail(detail: string): void {
    this.#failure ??= new ComputeError(
      `A compute thread stopped: ${detail}. Nothing that was finished is lost; run the command again, with a smaller --workers if memory ran out.`,
    );
    const waiting = [...this.#threads.flatMap((thread) => thread.busy ?? []), ...this.#queue];
    for (const thread of this.#threads) thread.busy = null;
    this.#queue = [];
    for (const one of waiting) one.reject(this.#failure);
  }

  #receive(thread: Thread, reply: Reply): void {
    if (reply.kind === 'ready' || reply.kind === 'released') return;
    const waiting = thread.busy;
    thread.busy = null;
    this.#dispatch();
    if (reply.kind === 'done') waiting?.resolve(reply.result);
    else waiting?.reject(new ComputeError(`onnxruntime could not run the model: ${reply.message}`));
  }

  #dispatch(): void {
    for (const thread of this.#threads) {
      if (thread.busy) continue;
      const next = this.#queue.shift();
      if (!next) return;
      thread.busy = next;
      thread.worker.postMessage(next.request);
    }
  }

  /**
   * Runs jobs, and gives their results in the order of the jobs. Aborting leaves at once: jobs that no thread has begun
   * are dropped, the answers of the others are ignored.
   */
  async run(jobs: readonly Job[], signal?: AbortSignal, onDone?: (index: number) => void): Promise<JobResult[]> {
    signal?.throwIfAborted();
    this.#check();
    const mine = new Set<Waiting>();
    const drop = () => {
      this.#queue = this.#queue.filter((waiting) => !mine.has(waiting));
    };
    let abort: () => void = () => {};
    const aborted = new Promise<never>((_, reject) => {
      abort = () => reject(signal?.reason);
    });
    signal?.addEventListener('abort', abort, { once: true });
    const all = jobs.map(
      (job, index) =>
        new Promise<JobResult>((resolve, reject) => {
          const done = (result: JobResult | null) => {
            onDone?.(index);
            resolve(result!);
          };
          const waiting: Waiting = {
            request: { kind: 'job', id: ++this.#ids, job },
            resolve: done,
            reject,
          };
          mine.add(waiting);
          this.#queue.push(waiting);
        }),
    );
    for (const one of all) one.catch(() => {});
    this.#dispatch();
    try {
      return await Promise.race([Promise.all(all), aborted]);
    } finally {
      drop();
      signal?.removeEventListener('abort', abort);
    }
  }

  /** Lets every thread give back its session for `key`, or all of its sessions. */
  async release(key: string | null): Promise<void> {
    this.#check();
    const open = this.#threads.map(
      (thread) =>
        new Promise<void>((resolve, reject) => {
          const id = ++this.#ids;
          // Straight to the thread and past the queue: each thread has sessions of its own.
          const listen = (reply: Reply) => {
            if (reply.kind !== 'released' || reply.id !== id) return;
            thread.worker.off('message', listen);
            resolve();
          };
          thread.worker.on('message', listen);
          thread.exited.then(() => reject(this.#failure ?? new ComputeError('The compute threads were closed.')));
          thread.worker.postMessage({ kind: 'release', id, key } satisfies Request);
        }),
    );
    await Promise.all(open);
  }

  #check(): void {
    if (this.#failure) throw this.#failure;
    if (this.#closing) throw new ComputeError('The compute threads were closed. Open compute again.');
  }

  /**
   * Lets every thread end, each once the job that it has begun is done. None is ended from here: a thread that is ended
   * while onnxruntime works in it takes the whole process with it ("terminate called after throwing Napi::Error").
   */
  async close(): Promise<void> {
    if (!this.#closing) {
      this.#closing = true;
      const closed = new ComputeError('The compute threads were closed before the work was done.');
      for (const waiting of [...this.#queue, ...this.#threads.flatMap((thread) => thread.busy ?? [])])
        waiting.reject(closed);
      this.#queue = [];
      for (const thread of this.#threads) thread.worker.postMessage({ kind: 'close' } satisfies Request);
    }
    await Promise.all(this.#threads.map(({ exited }) => exited));
  }
}
