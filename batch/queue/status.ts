/** `atlas jobs`: what the database knows of the jobs of all plans, and having failed ones tried again. */
import { openQueue, type Queue, schema } from './boss.ts';
import { type Announcement, announced, outcome, queueOf, ticket } from './plans.ts';

export interface QueuedJob {
  study: string;
  id: string;
  step: string;
  state: 'waiting' | 'running' | 'failed';
  /** Who does it, or did it last. */
  worker: string | null;
  /** When it began to wait or run, or failed; ISO 8601. */
  since: string;
  /** How far it is, from 0 to 1; null where that is not known. */
  share: number | null;
  /** Why it failed, in full; of one that waits or runs again, the last time. */
  error: string | null;
}

export interface QueuedPlan {
  study: string;
  plan: string;
  provider: string;
  /** Of those that were not done when it was handed out. */
  jobs: number;
  done: number;
  running: number;
  /** Ready, with nobody at them yet. */
  waiting: number;
  failed: number;
  /** Those that need others first. */
  later: number;
  /** With as many workers as now; null where nobody knows. */
  secondsLeft: number | null;
}

export interface QueueStatus {
  plans: QueuedPlan[];
  jobs: QueuedJob[];
  /** Failed jobs that wait again. */
  retried: number;
}

export interface StatusOptions {
  queue: string;
  /** Id of a study; left out: all. */
  study?: string;
  /** Only failed jobs. */
  failed?: boolean;
  /** Have failed ones tried again. */
  retry?: boolean;
}

export async function queueStatus({ queue: address, study, failed, retry }: StatusOptions): Promise<QueueStatus> {
  const queue = await openQueue(address);
  try {
    const of = (await announced(queue)).filter((one) => study === undefined || one.study === study);
    const status: QueueStatus = { plans: [], jobs: [], retried: 0 };
    for (const one of of) {
      if (retry) status.retried += await retryFailed(queue, one.plan);
      const { plan, jobs } = await statusOf(queue, one);
      status.plans.push(plan);
      status.jobs.push(...jobs.filter(({ state }) => !failed || state === 'failed'));
    }
    return status;
  } finally {
    await queue.close();
  }
}

/** Those that were given up, and those whose machines all died. */
const isFailed = "(state = 'failed' OR state = 'completed' AND output->>'failed' = 'true')";

async function retryFailed({ sql }: Queue, plan: string): Promise<number> {
  const now = `${schema}.job_now()`;
  const rows = await sql(
    `UPDATE ${schema}.job SET state = 'created', output = NULL, retry_count = 0, started_on = NULL, completed_on = NULL,
       start_after = ${now}, keep_until = ${now} + interval '365 days'
     WHERE name = $1 AND ${isFailed} RETURNING id`,
    [queueOf(plan)],
  );
  return rows.length;
}

interface Row {
  state: string;
  data: unknown;
  output: unknown;
  since: Date;
  failed: boolean;
}

async function statusOf({ sql }: Queue, of: Announcement): Promise<{ plan: QueuedPlan; jobs: QueuedJob[] }> {
  const { study, plan, provider } = of;
  const rows = await sql<Row>(
    `SELECT state, data, output, ${isFailed} AS failed, CASE WHEN state = 'active' THEN started_on
       WHEN state > 'active' THEN completed_on ELSE start_after END AS since
     FROM ${schema}.job WHERE name = $1 ORDER BY priority DESC`,
    [queueOf(plan)],
  );
  const counts = { done: 0, running: 0, waiting: 0, failed: 0 };
  const jobs: QueuedJob[] = [];
  const rates = new Rates();
  for (const { state, data, output, since, failed } of rows) {
    const job = ticket.safeParse(data).data;
    if (!job) continue;
    const { worker = null, error = null, done, total, seconds, resumed } = outcome.safeParse(output).data ?? {};
    if (state === 'completed' && !failed) {
      counts.done++;
      rates.add(job.step, job.effort, resumed ? 0 : (seconds ?? 0));
      continue;
    }
    const now = failed ? 'failed' : state === 'active' ? 'running' : 'waiting';
    counts[now]++;
    jobs.push({
      ...{ study, id: job.id, step: job.step, state: now, worker, since: since.toISOString() },
      share: now === 'running' && done !== undefined && total ? done / total : null,
      error: error ?? (failed ? 'every machine that did it was not heard of any more' : null),
    });
  }
  const handedOut = counts.done + jobs.length;
  const left = rates.secondsOf(of.effort);
  return {
    jobs,
    plan: {
      ...{ study, plan, provider, jobs: of.jobs, ...counts, later: Math.max(0, of.jobs - handedOut) },
      secondsLeft: left === null || counts.running === 0 ? null : left / counts.running,
    },
  };
}

/** How long the jobs of each step took, for their effort. */
class Rates {
  readonly #steps = new Map<string, { effort: number; seconds: number }>();

  add(step: string, effort: number, seconds: number): void {
    const known = this.#steps.get(step) ?? { effort: 0, seconds: 0 };
    this.#steps.set(step, { effort: known.effort + effort, seconds: known.seconds + seconds });
  }

  /** What is left of `all`; null where nothing is known. */
  secondsOf(all: Record<string, number>): number | null {
    const total = [...this.#steps.values()].reduce(
      (sum, { effort, seconds }) => ({ effort: sum.effort + effort, seconds: sum.seconds + seconds }),
      { effort: 0, seconds: 0 },
    );
    if (total.effort === 0) return null;
    return Object.entries(all).reduce((sum, [step, effort]) => {
      const known = this.#steps.get(step) ?? { effort: 0, seconds: 0 };
      const rate = known.effort > 0 ? known.seconds / known.effort : total.seconds / total.effort;
      return sum + Math.max(0, effort - known.effort) * rate;
    }, 0);
  }
}
