import type { Item, Job, Output } from './job.ts';
import type { Speeds } from './speeds.ts';

/** What a run tells while it works. `done` and `total` count jobs. */
export type JobEvent =
  | { event: 'plan'; stage: 'plan'; job: null; done: number; total: number }
  | {
      event: 'progress';
      /** The step. */
      stage: string;
      job: string;
      done: number;
      total: number;
      /** Of this job. */
      item: { done: number; total: number; unit: Item['unit']; perSecond: number };
      /** Of the whole run; null until it can be told. */
      secondsLeft: number | null;
      /** Whether it may be less: a budget names a fooling ratio, which may be reached early. */
      atMost: boolean;
      /** So far, on crafting photos. */
      fooling: number | null;
    }
  | {
      event: 'job';
      stage: string;
      job: string;
      done: number;
      total: number;
      /** Whether its output was there already. */
      resumed: boolean;
      seconds: number;
      fooling: number | null;
    }
  | { event: 'notice'; stage: 'notice'; job: null; done: number; total: number; text: string };

/** Milliseconds for which a reckoned time left holds. */
const reckoning = 250;

/** Counts jobs, and tells the time left: from what this machine measured before, and from this run. */
export class Progress {
  readonly #emit: (event: JobEvent) => void;
  #speeds: Speeds | null = null;
  /** What was to be said before there was a plan. */
  #early: string[] | null = [];
  readonly #started = performance.now();
  readonly #left = new Set<Job>();
  #total = 0;
  #done = 0;
  #resumed = 0;
  #job: { job: Job; started: number; share: number } | null = null;
  /** Since when, and from which item on, the rate of this job's present stage is counted. */
  #stage = { total: 0, done: 0, unit: '', started: 0 };
  #reckoned: { secondsLeft: number | null; atMost: boolean; at: number; job: object | null } | null = null;

  constructor(emit: (event: JobEvent) => void) {
    this.#emit = emit;
  }

  get counts(): { done: number; total: number; resumed: number; seconds: number } {
    const seconds = (performance.now() - this.#started) / 1000;
    return { done: this.#done, total: this.#total, resumed: this.#resumed, seconds };
  }

  plan(jobs: { job: Job; isDone: boolean }[], speeds: Speeds): void {
    this.#speeds = speeds;
    this.#total = jobs.length;
    for (const { job, isDone } of jobs) if (!isDone) this.#left.add(job);
    this.#emit({ event: 'plan', stage: 'plan', job: null, done: 0, total: this.#total });
    const early = this.#early ?? [];
    this.#early = null;
    for (const text of early) this.notice(text);
  }

  /** A line for people. The plan is told first. */
  notice(text: string): void {
    if (this.#early) this.#early.push(text);
    else this.#emit({ event: 'notice', stage: 'notice', job: null, done: this.#done, total: this.#total, text });
  }

  begin(job: Job): void {
    this.#job = { job, started: performance.now(), share: 0 };
    this.#stage = { total: 0, done: 0, unit: '', started: performance.now() };
  }

  item(job: Job, item: Item): void {
    const { done, total, unit, fooling = null } = item;
    const now = performance.now();
    // Loading, or another stage of the same job, is no part of the rate.
    if (this.#stage.unit !== unit || this.#stage.total !== total || done < this.#stage.done) {
      this.#stage = { total, done, unit, started: now };
    }
    const perSecond = (done - this.#stage.done) / Math.max((now - this.#stage.started) / 1000, 1e-3);
    if (this.#job && !item.aside) this.#job.share = total > 0 ? Math.min(1, done / total) : 0;
    this.#emit({
      event: 'progress',
      stage: job.step,
      job: job.id,
      done: this.#done,
      total: this.#total,
      item: { done, total, unit, perSecond: item.perSecond ?? perSecond },
      ...this.#timeLeft(now),
      fooling,
    });
  }

  end(job: Job, output: Output): void {
    this.#done++;
    this.#left.delete(job);
    this.#job = null;
    if (output.resumed) this.#resumed++;
    else this.#speeds?.learn(job, output.seconds);
    const { ratio = null } = (output.result as { fooling?: { ratio?: number } | null }).fooling ?? {};
    this.#emit({
      event: 'job',
      stage: job.step,
      job: job.id,
      done: this.#done,
      total: this.#total,
      resumed: output.resumed,
      seconds: output.seconds,
      fooling: ratio,
    });
  }

  /** Reckoned anew a few times a second: it goes through all jobs, and batches of photos are told by the hundred. */
  #timeLeft(now: number): { secondsLeft: number | null; atMost: boolean } {
    if (!this.#reckoned || now - this.#reckoned.at > reckoning || this.#reckoned.job !== this.#job) {
      this.#reckoned = { ...this.#reckon(now), at: now, job: this.#job };
    }
    const { secondsLeft, atMost, at } = this.#reckoned;
    return { secondsLeft: secondsLeft === null ? null : Math.max(0, secondsLeft - (now - at) / 1000), atMost };
  }

  #reckon(now: number): { secondsLeft: number | null; atMost: boolean } {
    const atMost = [...this.#left].some(({ work }) => work.atMost);
    const spent = this.#job ? (now - this.#job.started) / 1000 : 0;
    // Once a tenth of a job is done it tells its own time.
    const tells = this.#job && this.#job.share >= 0.1 && this.#job.job.work.seconds === undefined;
    const running = this.#job && tells ? { job: this.#job.job, seconds: spent / this.#job.share } : null;
    let left = 0;
    for (const job of this.#left) {
      const isRunning = job === this.#job?.job;
      const seconds = isRunning && running ? running.seconds : (this.#speeds?.guess(job, running) ?? null);
      if (seconds === null) return { secondsLeft: null, atMost };
      left += isRunning ? Math.max(0, seconds - spent) : seconds;
    }
    return { secondsLeft: left, atMost };
  }
}
