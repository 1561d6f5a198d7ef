/** What a run on many machines tells of its jobs: the events of a run, with who did it. */
import { type Job, type JobEvent, type Output, Speeds } from '../jobs/index.ts';
import type { Outcome } from './plans.ts';

export type QueueEvent =
  | (JobEvent & { worker?: string })
  | {
      event: 'failed';
      stage: string;
      job: string;
      done: number;
      total: number;
      worker?: string;
      /** In full. */
      error: string;
    };

/** A job that there is no output of. */
export interface Missing {
  step: string;
  id: string;
  why: string;
  /** It was tried; otherwise it needs one that failed. */
  failed: boolean;
  /** Who tried it last; none for one that waits for another. */
  worker?: string;
}

/** Counts jobs that others do, and tells the time left: from what this run's jobs took, and how many run. */
export class QueueProgress {
  readonly missing: Missing[] = [];
  readonly #emit: (event: QueueEvent) => void;
  readonly #speeds = new Speeds({}, '');
  readonly #started = performance.now();
  readonly #left: Set<Job>;
  readonly #total: number;
  #done = 0;
  #resumed = 0;

  constructor(jobs: readonly Job[], emit: (event: QueueEvent) => void) {
    this.#emit = emit;
    this.#left = new Set(jobs);
    this.#total = jobs.length;
    emit({ event: 'plan', stage: 'plan', job: null, done: 0, total: this.#total });
  }

  get counts(): { done: number; total: number; resumed: number; seconds: number } {
    const seconds = (performance.now() - this.#started) / 1000;
    return { done: this.#done, total: this.#total, resumed: this.#resumed, seconds };
  }

  notice(text: string): void {
    this.#emit({ event: 'notice', stage: 'notice', job: null, done: this.#done, total: this.#total, text });
  }

  /** A job is done: here, by a worker, or before. */
  end(job: Job, { resumed = false, seconds = 0, fooling = null, worker }: Outcome): void {
    this.#left.delete(job);
    this.#done++;
    if (resumed) this.#resumed++;
    else this.#speeds.learn(job, seconds);
    this.#emit({
      ...{ event: 'job', stage: job.step, job: job.id, done: this.#done, total: this.#total },
      ...{ resumed, seconds, fooling, ...(worker && { worker }) },
    });
  }

  endHere(job: Job, { resumed, seconds, result }: Output): void {
    const { ratio = null } = (result as { fooling?: { ratio?: number } | null }).fooling ?? {};
    this.end(job, { resumed, seconds, fooling: ratio });
  }

  /** A job was given up. */
  fail(job: Job, why: string, worker?: string): void {
    this.#left.delete(job);
    this.missing.push({ step: job.step, id: job.id, why, failed: true, ...(worker && { worker }) });
    this.#emit({
      ...{ event: 'failed', stage: job.step, job: job.id, done: this.#done, total: this.#total, error: why },
      ...(worker && { worker }),
    });
  }

  /** A job needs one that was given up. */
  skip(job: Job, need: Job): void {
    this.#left.delete(job);
    this.missing.push({ step: job.step, id: job.id, why: `needs ${need.step} ${need.id}`, failed: false });
  }

  /** What runs now. */
  running(running: ReadonlyMap<Job, Outcome>): void {
    const secondsLeft = this.#secondsLeft(running);
    for (const [job, { done = 0, total = 0, worker }] of running) {
      this.#emit({
        ...{ event: 'progress', stage: job.step, job: job.id, done: this.#done, total: this.#total },
        item: { done, total, unit: job.work.gradients > 0 ? 'gradients' : 'photos', perSecond: 0 },
        ...{ secondsLeft, atMost: [...this.#left].some(({ work }) => work.atMost), fooling: null },
        ...(worker && { worker }),
      });
    }
  }

  #secondsLeft(running: ReadonlyMap<Job, Outcome>): number | null {
    let left = 0;
    for (const job of this.#left) {
      const seconds = this.#speeds.guess(job, null);
      if (seconds === null) return null;
      const { done = 0, total = 0 } = running.get(job) ?? {};
      left += seconds * (total > 0 ? 1 - done / total : 1);
    }
    return left / Math.max(1, running.size);
  }
}
