import type { TransferRow } from '#shared/release';
import type { Step } from './code.ts';

/** What a run tells while it works. `done` and `total` count jobs. */
export type StudyEvent =
  | { event: 'plan'; stage: 'plan'; job: null; done: number; total: number }
  | {
      event: 'progress';
      stage: Step;
      job: string;
      done: number;
      total: number;
      /** Of this job: gradients or photos. */
      item: { done: number; total: number; unit: 'gradients' | 'photos'; perSecond: number };
      /** Of the whole run; null until it can be told. */
      secondsLeft: number | null;
      /** So far, on crafting photos. */
      fooling: number | null;
    }
  | {
      event: 'job';
      stage: Step;
      job: string;
      done: number;
      total: number;
      /** Whether its output was there already. */
      resumed: boolean;
      seconds: number;
      fooling: number | null;
    }
  | { event: 'notice'; stage: 'notice'; job: null; done: number; total: number; text: string }
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
    };

/** Work of one gradient, in forward passes: the pass itself and the way back. */
const gradientWork = 3;

/** Counts jobs, and tells the time left from the work done so far. Work is counted in forward passes of a photo. */
export class Progress {
  readonly #emit: (event: StudyEvent) => void;
  readonly #started = performance.now();
  #total = 0;
  #done = 0;
  #resumed = 0;
  #workLeft = 0;
  #workDone = 0;
  #job = { work: 0 };
  /** Since when, and from which item on, the rate of this job's present stage is counted. */
  #stage = { total: 0, done: 0, unit: '', started: 0 };
  #jobShare = 0;

  constructor(emit: (event: StudyEvent) => void) {
    this.#emit = emit;
  }

  get counts(): { done: number; total: number; resumed: number; seconds: number } {
    return {
      done: this.#done,
      total: this.#total,
      resumed: this.#resumed,
      seconds: (performance.now() - this.#started) / 1000,
    };
  }

  plan(jobs: number, work: number): void {
    this.#total = jobs;
    this.#workLeft = work;
    this.#emit({ event: 'plan', stage: 'plan', job: null, done: 0, total: jobs });
  }

  notice(text: string): void {
    this.#emit({ event: 'notice', stage: 'notice', job: null, done: this.#done, total: this.#total, text });
  }

  begin(work: number): void {
    this.#job = { work };
    this.#jobShare = 0;
    this.#stage = { total: 0, done: 0, unit: '', started: performance.now() };
  }

  item(
    stage: Step,
    job: string,
    item: { done: number; total: number; unit: 'gradients' | 'photos'; perSecond?: number; fooling?: number | null },
  ): void {
    const { done, total, unit, fooling = null } = item;
    const now = performance.now();
    // Loading, or another stage of the same job, is no part of the rate.
    if (this.#stage.unit !== unit || this.#stage.total !== total || done < this.#stage.done) {
      this.#stage = { total, done, unit, started: now };
    }
    const perSecond = (done - this.#stage.done) / Math.max((now - this.#stage.started) / 1000, 1e-3);
    // The photos that crafting looks at before and after are little work beside its gradients.
    if (stage !== 'craft' || unit === 'gradients') this.#jobShare = total > 0 ? Math.min(1, done / total) : 0;
    const inJob = this.#job.work * this.#jobShare;
    const seconds = (now - this.#started) / 1000;
    const worked = this.#workDone + inJob;
    this.#emit({
      event: 'progress',
      stage,
      job,
      done: this.#done,
      total: this.#total,
      item: { done, total, unit, perSecond: item.perSecond ?? perSecond },
      secondsLeft: worked > 0 && seconds > 2 ? ((this.#workLeft - inJob) * seconds) / worked : null,
      fooling,
    });
  }

  end(stage: Step, job: string, of: { resumed: boolean; seconds: number; fooling?: number | null }): void {
    this.#done++;
    this.#workLeft -= this.#job.work;
    if (of.resumed) this.#resumed++;
    else this.#workDone += this.#job.work;
    this.#emit({
      event: 'job',
      stage,
      job,
      done: this.#done,
      total: this.#total,
      resumed: of.resumed,
      seconds: of.seconds,
      fooling: of.fooling ?? null,
    });
  }
}

export const workOf = {
  photos: (count: number) => count,
  prepare: 50,
  craft: (gradients: number) => gradientWork * gradients,
  measure: (count: number) => count,
  distortion: 40,
  release: 100,
};
