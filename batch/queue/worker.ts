/** A worker: takes jobs of every plan that its code makes too, one after the other, until it is stopped. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Job as Fetched } from 'pg-boss';
import { AtlasError } from '#shared/errors';
import { type CodeReader, closeMachine, computeOf, type Item, type Machine } from '../jobs/index.ts';
import { schema } from './boss.ts';
import type { Cache } from './cache.ts';
import { outputOf, Skip } from './output-of.ts';
import { type OwnPlan, OwnPlans, type OwnPlansOptions } from './own-plans.ts';
import type { Patience } from './patience.ts';
import { type Announcement, heartbeatSeconds, type Outcome, outcome, queueOf, type Ticket } from './plans.ts';
import { Pulse } from './pulse.ts';
import type { SharedStore } from './shared-store.ts';
import { supervise } from './supervise.ts';

/** What a worker tells. `done` counts the jobs that it has done. */
export type WorkEvent =
  | { event: 'progress'; stage: string; job: string; study: string; done: number; item: Item }
  | {
      event: 'job';
      stage: string;
      job: string;
      study: string;
      done: number;
      /** Whether its output was there already. */
      resumed: boolean;
      seconds: number;
      fooling: number | null;
    }
  | { event: 'failed'; stage: string; job: string; study: string; done: number; attempt: number; error: string }
  | { event: 'notice'; stage: 'notice'; job: null; done: number; text: string };

export interface WorkOptions extends OwnPlansOptions {
  store: SharedStore;
  cache: Cache;
  patience: Patience;
  codes: CodeReader;
  /** For people: the machine and process. */
  name: string;
  /** Ends after so long without a job. */
  idleSeconds?: number;
  onEvent?: (event: WorkEvent) => void;
}

/** Times that a job is tried that fails for a reason of its own. */
export const attempts = 3;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 1000;

/** @returns How many jobs were done. @throws AtlasError where this machine can do none, whatever they are. */
export async function work(options: WorkOptions): Promise<number> {
  const ending = new AbortController();
  const worker = new QueueWorker(options);
  const supervision = supervise(
    { ...options, plans: () => worker.plans(), heartbeat: heartbeatSeconds },
    ending.signal,
  );
  try {
    return await worker.run();
  } finally {
    ending.abort();
    await supervision;
    await worker.close();
  }
}

/** A job that was fetched. */
interface Held {
  row: Fetched<Ticket>;
  of: Announcement;
  own: OwnPlan;
  machine: Machine;
  /** Times that it failed before. */
  failures: number;
}

class QueueWorker {
  readonly #options: WorkOptions;
  readonly #plans: OwnPlans;
  #done = 0;

  constructor(options: WorkOptions) {
    this.#options = options;
    this.#plans = new OwnPlans(options, (text) => this.#notice(text));
  }

  /** Hashes of the plans that jobs are taken of. */
  plans(): Iterable<string> {
    return this.#plans.names();
  }

  async run(): Promise<number> {
    const { signal, idleSeconds = Number.POSITIVE_INFINITY, patience, cache } = this.#options;
    let idle = 0;
    let idleSince = performance.now();
    while (!signal?.aborted) {
      const held = await patience.through('database', () => this.#fetch()).catch(unlessAborted(signal));
      if (held) {
        await this.#work(held);
        await cache.trim();
        idle = 0;
        idleSince = performance.now();
        continue;
      }
      if (performance.now() - idleSince > 1000 * idleSeconds) break;
      const wait = Math.min(FIRST_PAUSE_MS * 2 ** idle++, LONGEST_PAUSE_MS);
      await pause(wait * (0.75 + Math.random() / 4), undefined, { signal }).catch(unlessAborted(signal));
    }
    return this.#done;
  }

  close(): Promise<void> {
    return this.#plans.close();
  }

  /** The most urgent job of the oldest plan that has one. */
  async #fetch(): Promise<Held | null> {
    const { queue, only } = this.#options;
    for (const { of, own } of await this.#plans.all()) {
      const others = [...(only ? own.jobs.values() : [])]
        .map(({ step }) => step)
        .filter((step) => !only?.includes(step));
      const ignoreGroups = [...new Set(others)];
      const [row] = await queue.boss.fetch<Ticket>(queueOf(of.plan), { ignoreGroups });
      if (!row) continue;
      const failures = row.retryCount > 0 ? await this.#failuresOf(of, row.id) : 0;
      return { row, of, own, failures, machine: this.#plans.machineFor(of.provider) };
    }
    return null;
  }

  /** How often a job failed before that was tried before. */
  async #failuresOf({ plan }: Announcement, id: string): Promise<number> {
    const [row] = await this.#options.queue.sql<{ output: unknown }>(
      `SELECT output FROM ${schema}.job WHERE name = $1 AND id = $2`,
      [queueOf(plan), id],
    );
    return outcome.safeParse(row?.output).data?.failures ?? 0;
  }

  async #work(held: Held): Promise<void> {
    const { row, of, own, machine, failures } = held;
    const { name, queue, patience, signal, onEvent } = this.#options;
    const job = own.jobs.get(row.data.key);
    const pulse = new Pulse({ queue, patience, plan: of.plan, row, of: { worker: name, failures } });
    const either = AbortSignal.any([pulse.lost, ...(signal ? [signal] : [])]);
    try {
      if (!job) throw new AtlasError(`The plan ${of.plan} has no job ${row.data.key}.`);
      const output = await outputOf(job, {
        ...{ ...this.#options, own, machine, signal: either },
        notice: (text) => this.#notice(text),
        report: (item) => {
          pulse.report(item);
          onEvent?.({ event: 'progress', stage: job.step, job: job.id, study: of.study, done: this.#done, item });
        },
      });
      const { ratio = null } = (output.result as { fooling?: { ratio?: number } | null }).fooling ?? {};
      const { seconds, resumed } = output;
      // Not interrupted any more: it is done.
      const isOurs = await this.#settle(held, {
        worker: name,
        seconds,
        resumed,
        ...(ratio !== null && { fooling: ratio }),
      });
      if (!isOurs) return this.#sayLost(held);
      this.#done++;
      onEvent?.({
        ...{ event: 'job', stage: job.step, job: job.id, study: of.study, done: this.#done },
        ...{ resumed, seconds, fooling: ratio },
      });
    } catch (error) {
      if (pulse.lost.aborted) {
        this.#sayLost(held);
      } else if (signal?.aborted) {
        await this.#giveBack(held);
      } else if (error instanceof Skip) {
        await this.#settle(held, { worker: name, failed: true, error: error.message });
      } else {
        await this.#fail(held, error);
        // A thread that died takes its pool with it; and what does not work here any more is to be noticed here.
        await closeMachine(machine);
        if (machine.options.provider !== 'cpu') await computeOf(machine);
      }
    } finally {
      await pulse.stop();
    }
  }

  /**
   * Says what became of a job.
   * @returns false where it was given to another worker meanwhile: nothing is changed then.
   */
  async #settle({ of, row }: Held, result: Outcome): Promise<boolean> {
    const { queue, patience } = this.#options;
    const never = new AbortController().signal;
    const complete = () => queue.boss.complete(queueOf(of.plan), row, result);
    // What pg-boss answers with, and its types leave out.
    const { affected } = (await patience.through('database', complete, never)) as { affected: number };
    return affected > 0;
  }

  #sayLost({ row }: Held): void {
    this.#notice(`${row.data.step} ${row.data.id} was given to another worker: this one was not heard of in time.`);
  }

  async #giveBack({ of, row, failures }: Held): Promise<void> {
    const { queue, name } = this.#options;
    await queue.boss.fail(queueOf(of.plan), row, { worker: name, failures } satisfies Outcome).catch(() => {});
  }

  async #fail(held: Held, thrown: unknown): Promise<void> {
    const { of, row, failures } = held;
    const { queue, patience, name, onEvent } = this.#options;
    const error = describe(thrown);
    const attempt = failures + 1;
    const result: Outcome = { worker: name, failures: attempt, error };
    onEvent?.({
      ...{ event: 'failed', stage: row.data.step, job: row.data.id, study: of.study },
      ...{ done: this.#done, attempt, error },
    });
    if (attempt >= attempts) await this.#settle(held, { ...result, failed: true });
    else await patience.through('database', () => queue.boss.fail(queueOf(of.plan), row, result));
  }

  #notice(text: string): void {
    this.#options.onEvent?.({ event: 'notice', stage: 'notice', job: null, done: this.#done, text });
  }
}

/** In full, but for what no table holds. */
function describe(thrown: unknown): string {
  const text = thrown instanceof Error ? thrown.message || thrown.name : JSON.stringify(thrown);
  return (text ?? 'unknown').slice(0, 2000);
}

/** A pause that ends early because of the signal is no error. */
const unlessAborted = (signal: AbortSignal | undefined) => (error: unknown) => {
  if (!signal?.aborted) throw error;
  return null;
};
