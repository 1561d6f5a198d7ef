/** Hands the jobs of a plan out as they become ready, and follows them to their end. Two who do it do no harm. */
import { setTimeout as pause } from 'node:timers/promises';
import { type Job, outputName } from '../jobs/index.ts';
import { type Queue, schema } from './boss.ts';
import type { OwnPlan } from './own-plans.ts';
import type { Patience } from './patience.ts';
import { effortOf, type Outcome, outcome, priorities, queueOf, rowOfJob, type Ticket } from './plans.ts';
import type { QueueProgress } from './progress.ts';

const SHORTEST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5000;
/** Seconds that a statement usually takes at most, from its time to its end. */
const LATE = 0.5;
/** Rows that are inserted at once. */
const BATCH = 500;
/** Milliseconds between two looks for what was missed, and how far back they go, in seconds. */
const WIDE_LOOK_MS = 60_000;
const WIDE_LOOK = 150;
/** Seconds after which it is said that nobody takes a job. */
const UNTAKEN = 60;

export interface FollowOptions {
  queue: Queue;
  patience: Patience;
  own: OwnPlan;
  /** Names of the outputs that were in the store before. */
  there: ReadonlySet<string>;
  /** Whether an output is there now. */
  isThere(name: string): Promise<boolean>;
  progress: QueueProgress;
  signal?: AbortSignal;
}

interface Row {
  id: string;
  state: 'created' | 'retry' | 'active' | 'completed' | 'cancelled' | 'failed';
  output: unknown;
}

/** @returns Once every job that can be done is done, or stands as failed. */
export async function follow(options: FollowOptions): Promise<void> {
  const { patience, signal } = options;
  const following = new Following(options);
  const started = performance.now();
  let isTaken = false;
  let lookedWide = started;
  for (let lookedAt: number | null = null; ; ) {
    signal?.throwIfAborted();
    let began = performance.now();
    const isWide = began - lookedWide > WIDE_LOOK_MS;
    await patience.through('database', async () => {
      began = performance.now();
      if (lookedAt === null) await following.handOut();
      const since = lookedAt === null ? null : (began - lookedAt) / 1000 + (isWide ? WIDE_LOOK : LATE);
      await following.look(since);
      if (isWide) await following.restore();
      await following.handOut();
    });
    if (isWide) lookedWide = began;
    if (following.isOver) return;
    isTaken ||= following.isTaken;
    if (!isTaken && performance.now() - started > 1000 * UNTAKEN) {
      isTaken = true;
      options.progress.notice(
        'No worker has taken a job yet. Start one on any machine that reaches both: `atlas work --queue … --store …`.',
      );
    }
    lookedAt = began;
    // So that looking takes a small share of the time, however many jobs there are.
    const wait = Math.min(LONGEST_PAUSE_MS, Math.max(SHORTEST_PAUSE_MS, 10 * (performance.now() - began)));
    await pause(wait, undefined, { signal });
  }
}

class Following {
  /** Whether anything was seen to be done or to run. */
  isTaken = false;
  readonly #options: FollowOptions;
  readonly #jobs = new Map<string, Job>();
  readonly #rows = new Map<Job, string>();
  readonly #priorities: ReadonlyMap<Job, number>;
  readonly #dependents = new Map<Job, Job[]>();
  /** Of each job that is not over, how many of its needs are not. */
  readonly #waiting = new Map<Job, number>();
  readonly #ready = new Set<Job>();
  readonly #handedOut = new Set<Job>();

  constructor(options: FollowOptions) {
    this.#options = options;
    const { own, there, progress } = options;
    const jobs = [...own.jobs.values()];
    this.#priorities = priorities(jobs);
    const isThere = (job: Job) => there.has(outputName(job.step, own.keys.get(job) as string));
    const left = jobs.filter((job) => !isThere(job));
    for (const job of left) {
      const row = rowOfJob(own.plan, own.keys.get(job) as string);
      this.#jobs.set(row, job);
      this.#rows.set(job, row);
      // Two of a plan may be one and the same, such as a model under two ids: then one of them stands for both.
      const needs = new Set(
        job.needs.flatMap((need) => {
          const same = own.jobs.get(own.keys.get(need) as string);
          return same && !isThere(same) ? [same] : [];
        }),
      );
      for (const need of needs) this.#dependents.set(need, [...(this.#dependents.get(need) ?? []), job]);
      this.#waiting.set(job, needs.size);
      if (needs.size === 0) this.#ready.add(job);
    }
    for (const job of jobs) if (isThere(job)) progress.end(job, { resumed: true });
  }

  get isOver(): boolean {
    return this.#waiting.size === 0;
  }

  /** Hands out what is ready. Where somebody else did, nothing changes. */
  async handOut(): Promise<void> {
    const { queue, own } = this.#options;
    const jobs = [...this.#ready];
    for (let at = 0; at < jobs.length; at += BATCH) {
      const batch = jobs.slice(at, at + BATCH);
      await queue.boss.insert(
        queueOf(own.plan),
        batch.map((job) => ({
          id: this.#rows.get(job),
          priority: this.#priorities.get(job),
          group: { id: job.step },
          data: {
            ...{ key: own.keys.get(job) as string, step: job.step, id: job.id, effort: effortOf(job.work) },
          } satisfies Ticket,
        })),
        { returnId: false },
      );
      for (const job of batch) {
        this.#ready.delete(job);
        this.#handedOut.add(job);
      }
    }
  }

  /** Has jobs handed out again that the database forgot. */
  async restore(): Promise<void> {
    const { queue, own } = this.#options;
    const [{ left }] = await queue.sql<{ left: number }>(
      `SELECT count(*)::int AS left FROM ${schema}.job WHERE name = $1 AND state < 'completed'`,
      [queueOf(own.plan)],
    );
    if (left < this.#handedOut.size) for (const job of this.#handedOut) this.#ready.add(job);
  }

  /** @param seconds What ended longer ago is known already; null: look at everything. */
  async look(seconds: number | null): Promise<void> {
    const { queue, own, progress } = this.#options;
    const rows = await queue.sql<Row>(
      `SELECT id, state, output
       FROM ${schema}.job
       WHERE name = $1 AND (state = 'active' OR state > 'active' AND completed_on > ${schema}.job_now() - $2 * interval '1 s')`,
      [queueOf(own.plan), seconds ?? 1e9],
    );
    const running = new Map<Job, Outcome>();
    for (const { id, state, output } of rows) {
      const job = this.#jobs.get(id);
      // Of an earlier run, whose output is in the store; or over already.
      if (!job || !this.#waiting.has(job)) continue;
      const result = outcome.safeParse(output).data ?? {};
      this.isTaken = true;
      if (state === 'active') running.set(job, result);
      else if (state === 'completed' && !result.failed) await this.#endOf(job, result, seconds === null);
      else if (state === 'cancelled') this.#giveUp(job, 'it was cancelled', undefined);
      else this.#giveUp(job, result.error ?? deaths, result.worker);
    }
    if (running.size > 0) progress.running(running);
  }

  /** @param isOld It may have been done long ago, and its output taken from the store since. */
  async #endOf(job: Job, result: Outcome, isOld: boolean): Promise<void> {
    const { queue, own, isThere } = this.#options;
    if (!isOld || (await isThere(outputName(job.step, own.keys.get(job) as string)))) return this.#end(job, result);
    await queue.boss.deleteJob(queueOf(own.plan), this.#rows.get(job) as string);
    this.#ready.add(job);
  }

  #end(job: Job, result: Outcome): void {
    this.#over(job);
    this.#options.progress.end(job, result);
    for (const dependent of this.#dependents.get(job) ?? []) {
      const left = this.#waiting.get(dependent);
      if (left === undefined) continue;
      this.#waiting.set(dependent, left - 1);
      if (left === 1) this.#ready.add(dependent);
    }
  }

  #giveUp(job: Job, why: string, worker: string | undefined): void {
    this.#over(job);
    this.#options.progress.fail(job, why, worker);
    const skip = (need: Job) => {
      for (const dependent of this.#dependents.get(need) ?? []) {
        if (!this.#waiting.has(dependent)) continue;
        this.#over(dependent);
        this.#options.progress.skip(dependent, job);
        skip(dependent);
      }
    };
    skip(job);
  }

  #over(job: Job): void {
    this.#waiting.delete(job);
    this.#ready.delete(job);
    this.#handedOut.delete(job);
  }
}

/** What pg-boss says of a job whose machines all died is nothing for people. */
const deaths = 'every machine that did it was not heard of any more: it may take more memory than they have';
