/** The heartbeat of a job that runs: says that it is still worked on, by whom, and how far it is. */
import type { Job } from 'pg-boss';
import type { Item } from '../jobs/index.ts';
import { type Queue, schema } from './boss.ts';
import type { Patience } from './patience.ts';
import { type Outcome, queueOf } from './plans.ts';

const FIRST_BEAT_MS = 1000;
const LONGEST_PAUSE_MS = 10_000;

interface PulseOptions {
  queue: Queue;
  patience: Patience;
  plan: string;
  row: Pick<Job, 'id' | 'retryCount' | 'heartbeatSeconds'>;
  /** What is said with every beat. */
  of: Outcome;
}

export class Pulse {
  /** Aborted once the job was given to somebody else. */
  readonly lost: AbortSignal;
  readonly #options: PulseOptions;
  readonly #losing = new AbortController();
  readonly #stopping = new AbortController();
  #item: Item | null = null;
  #timer: NodeJS.Timeout;
  #beating: Promise<void> = Promise.resolve();

  constructor(options: PulseOptions) {
    this.#options = options;
    this.lost = this.#losing.signal;
    // Most jobs are over before.
    this.#timer = setTimeout(() => this.#beat(), FIRST_BEAT_MS);
  }

  report(item: Item): void {
    if (!item.aside) this.#item = item;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    clearTimeout(this.#timer);
    await this.#beating.catch(() => {});
  }

  #beat(): void {
    const { patience, row } = this.#options;
    this.#beating = patience
      .through('database', () => this.#touch(), this.#stopping.signal)
      .then((isOurs) => {
        if (!isOurs) this.#losing.abort(new DOMException('given to another worker', 'AbortError'));
        else if (!this.#stopping.signal.aborted) {
          const pause = Math.min(LONGEST_PAUSE_MS, (1000 * (row.heartbeatSeconds ?? 30)) / 4);
          this.#timer = setTimeout(() => this.#beat(), pause);
        }
      })
      .catch(() => {});
  }

  /** pg-boss' `touch`, with how far the job is. @returns Whether the job is still this worker's. */
  async #touch(): Promise<boolean> {
    const { queue, row, plan, of } = this.#options;
    const item = this.#item && { done: this.#item.done, total: this.#item.total };
    const rows = await queue.sql(
      `UPDATE ${schema}.job SET heartbeat_on = ${schema}.job_now(), output = $4::jsonb
       WHERE name = $1 AND id = $2 AND retry_count = $3 AND state = 'active' RETURNING id`,
      [queueOf(plan), row.id, row.retryCount, JSON.stringify({ ...of, ...item } satisfies Outcome)],
    );
    return rows.length > 0;
  }
}
