/** The worker as the page sees it: a task goes in, and its report is promised. */
import { LabError } from './failure.ts';
import type { Progress } from './machine.ts';
import type { Report, Task } from './protocol.ts';

type Done = Extract<Report, { type: 'drawn' | 'read' | 'loaded' | 'seen' | 'identified' }>;
interface ReportOf {
  draw: 'drawn';
  read: 'read';
  load: 'loaded';
  see: 'seen';
  identify: 'identified';
}
/** The report of a task that was done. */
type DoneOf<Type extends Task['type']> = Extract<Done, { type: ReportOf[Type] }>;

interface Open {
  resolve: (report: Done) => void;
  reject: (error: unknown) => void;
  onProgress?: (progress: Progress) => void;
}

export class Thread {
  readonly #open = new Map<number, Open>();
  #worker: Worker | null = null;
  #id = 0;

  /**
   * Asks the worker, which starts with the first task. Rejects with an AbortError once `signal` is aborted.
   *
   * @throws LabError where the worker failed at it, or cannot run at all
   */
  async ask<Type extends Task['type']>(
    task: Omit<Extract<Task, { type: Type }>, 'id'>,
    signal: AbortSignal,
    onProgress?: (progress: Progress) => void,
  ): Promise<DoneOf<Type>> {
    signal.throwIfAborted();
    this.#worker ??= this.#start();
    const id = ++this.#id;
    const answer = new Promise<Done>((resolve, reject) => {
      this.#open.set(id, { resolve, reject, onProgress });
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
    this.#worker.postMessage({ ...task, id });
    try {
      return (await answer) as DoneOf<Type>;
    } finally {
      this.#open.delete(id);
    }
  }

  /** Ends the worker with all that it has loaded; the next task starts another. */
  stop(): void {
    this.#worker?.terminate();
    this.#worker = null;
    // Nobody answers these any more.
    for (const { reject } of this.#open.values()) reject(new LabError('network'));
  }

  #start(): Worker {
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
    worker.addEventListener('message', ({ data }: MessageEvent<Report>) => this.#onReport(data));
    worker.addEventListener('error', () => {
      if (worker === this.#worker) this.stop();
    });
    return worker;
  }

  #onReport(report: Report) {
    if (report.type === 'progress') {
      for (const { onProgress } of this.#open.values()) onProgress?.(report);
    } else if (report.type === 'failed') {
      this.#open.get(report.id)?.reject(new LabError(report.stage, report.says));
    } else this.#open.get(report.id)?.resolve(report);
  }
}
