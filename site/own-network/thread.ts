/** A worker as the page sees it: a task goes in, and its answer is promised. It is ended in the middle of whatever. */
import { UsageError } from '#shared/errors';
import type { Report, Tasks } from './protocol.ts';
import { outOfMemory, tookTooLong } from './words.ts';

export interface Asking {
  /** Ends the worker when aborted. */
  signal?: AbortSignal;
  /** The worker is ended after so many seconds. */
  seconds?: number;
  onProgress?: (progress: { done: number; total: number; what?: string }) => void;
  onPart?: (part: unknown) => void;
  /** Memory that is handed over with the task, and not copied. */
  transfer?: Transferable[];
}

interface Open extends Asking {
  resolve: (answer: unknown) => void;
  reject: (error: unknown) => void;
}

export class Thread<All extends Tasks> {
  readonly #open = new Map<number, Open>();
  readonly #start: () => Worker;
  /** How messages call what is worked on. */
  readonly #name: string;
  #worker: Worker | null = null;
  #id = 0;

  constructor(name: string, start: () => Worker) {
    this.#name = name;
    this.#start = start;
  }

  /** Whether a worker is there, with what it was told. */
  get isRunning(): boolean {
    return this.#worker !== null;
  }

  /**
   * Asks the worker, which starts with the first task.
   * @throws UsageError in words for visitors; AbortError once `signal` is aborted
   */
  async ask<Type extends keyof All & string>(
    type: Type,
    asks: All[Type]['asks'],
    asking: Asking = {},
  ): Promise<All[Type]['answers']> {
    const { signal, seconds } = asking;
    signal?.throwIfAborted();
    this.#worker ??= this.#started();
    const id = ++this.#id;
    const answer = new Promise<unknown>((resolve, reject) => this.#open.set(id, { ...asking, resolve, reject }));
    const abort = () => this.stop(signal?.reason);
    signal?.addEventListener('abort', abort, { once: true });
    const timer =
      seconds && setTimeout(() => this.stop(new UsageError(tookTooLong(this.#name, seconds))), 1000 * seconds);
    try {
      this.#worker.postMessage({ id, type, asks }, asking.transfer ?? []);
      return (await answer) as All[Type]['answers'];
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      this.#open.delete(id);
    }
  }

  /** Ends the worker with all that it holds; the next task starts another, which knows nothing. */
  stop(reason: unknown = new DOMException('The work was ended.', 'AbortError')): void {
    this.#worker?.terminate();
    this.#worker = null;
    for (const { reject } of this.#open.values()) reject(reason);
    this.#open.clear();
  }

  #started(): Worker {
    const worker = this.#start();
    worker.addEventListener('message', ({ data }: MessageEvent<Report>) => this.#onReport(data));
    // A worker that dies without a word has run out of memory.
    for (const type of ['error', 'messageerror'] as const)
      worker.addEventListener(type, () => {
        if (worker === this.#worker) this.stop(new UsageError(outOfMemory(this.#name)));
      });
    return worker;
  }

  #onReport(report: Report) {
    const open = this.#open.get(report.id);
    if (report.type === 'progress') open?.onProgress?.(report);
    else if (report.type === 'part') open?.onPart?.(report.part);
    else if (report.type === 'failed') open?.reject(new UsageError(report.says));
    else open?.resolve(report.answer);
  }
}
