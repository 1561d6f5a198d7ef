/**
 * Plans on the queue. Each has a queue of its own, named by a hash over the keys of all its jobs: whoever makes the
 * same plan with the same code finds it, and nobody else. What is said of a plan lies in the queue `plans`.
 */
import { hash } from 'node:crypto';
import { z } from 'zod';
import { hashOf, type Job, type Work } from '../jobs/index.ts';
import { type Queue, schema } from './boss.ts';

/** What the database knows of a plan: enough to find it, and for people. */
export const announcement = z.object({
  /** Hash over the keys of its jobs. */
  plan: z.string().regex(/^[0-9a-f]{16}$/),
  /** SHA-256 of the document, in the store, that it is planned from. */
  source: z.string(),
  /** Id of the study. */
  study: z.string(),
  provider: z.string(),
  commit: z.string(),
  /** Jobs that were not done when it was first handed out, and their effort by step. */
  jobs: z.int(),
  effort: z.record(z.string(), z.number()),
});
export type Announcement = z.infer<typeof announcement>;

/** What a job is on the queue. */
export const ticket = z.object({
  key: z.string(),
  /** For people. */
  step: z.string(),
  id: z.string(),
  /** Comparable between jobs of a step. */
  effort: z.number(),
});
export type Ticket = z.infer<typeof ticket>;

/** What is known of a job that runs, or ran: written by whoever does it. */
export const outcome = z.object({
  worker: z.string().optional(),
  /** Of the job that runs. */
  done: z.number().optional(),
  total: z.number().optional(),
  /** Times that it failed for a reason of its own. */
  failures: z.number().optional(),
  /** Why it failed last. */
  error: z.string().optional(),
  /** It stands as failed. */
  failed: z.boolean().optional(),
  seconds: z.number().optional(),
  /** Its output was there already. */
  resumed: z.boolean().optional(),
  fooling: z.number().nullable().optional(),
});
export type Outcome = z.infer<typeof outcome>;

const plansQueue = 'plans';
export const queueOf = (plan: string) => `plan/${plan}`;

/** Seconds that a machine may not be heard of until its job is given to another one. */
export const heartbeatSeconds = 45;
/** A machine may die under a job so often; after that the job may be what kills it. */
const mostDeaths = 30;
const day = 86_400;

/** @param keys Of all jobs that are handed out, in any order. */
export const planOf = (keys: Iterable<string>): string => hashOf([...keys].sort()).slice(0, 16);

/** The same job of the same plan has the same row, whoever hands it out, and however often. */
const rowOf = (...names: string[]): string => {
  const digits = hash('sha256', names.join(' '));
  return [digits.slice(0, 8), digits.slice(8, 12), `4${digits.slice(13, 16)}`, `8${digits.slice(17, 20)}`]
    .concat(digits.slice(20, 32))
    .join('-');
};
export const rowOfJob = (plan: string, key: string) => rowOf(plan, key);

/** Makes the queue of a plan, where it is not there, and says what it is. */
export async function announce({ boss }: Queue, of: Announcement, heartbeat = heartbeatSeconds): Promise<void> {
  await boss.createQueue(plansQueue, { retentionSeconds: 365 * day });
  await boss.createQueue(queueOf(of.plan), {
    ...{ retentionSeconds: 365 * day, deleteAfterSeconds: 30 * day, heartbeatSeconds: heartbeat },
    // pg-boss lets a job run for a day; one that is not done by then is taken up from its checkpoint.
    ...{ expireInSeconds: day, retryLimit: mostDeaths, retryDelay: 1 },
  });
  await boss.insert(plansQueue, [{ id: rowOf(plansQueue, of.plan), data: of }]);
}

/** Takes back what `announce` said, once all jobs are done: workers look at it no more. */
export async function withdraw({ boss }: Queue, plan: string): Promise<void> {
  await boss.deleteJob(plansQueue, rowOf(plansQueue, plan));
}

/** All plans that are announced, the oldest first. */
export async function announced({ sql }: Queue): Promise<Announcement[]> {
  const rows = await sql<{ data: unknown }>(
    `SELECT data FROM ${schema}.job WHERE name = $1 AND state < 'active' ORDER BY created_on`,
    [plansQueue],
  );
  // What another version of the Atlas announces is nothing that this one could do.
  return rows.flatMap(({ data }) => announcement.safeParse(data).data ?? []);
}

/** Work of one gradient, in forward passes. */
const gradientWork = 3;
/** A second of a budget, in the same unit, roughly. */
const secondWork = 30;

export const effortOf = ({ gradients, forwards, photos, seconds = 0 }: Work): number =>
  gradientWork * gradients + forwards + photos / 10 + secondWork * seconds || 1;

/**
 * How urgent each job is: of what is ready the first of the longest chain of jobs is to be done first, so that a craft
 * goes before the measurements of another one. Among equals as they are planned, which is kind to open sessions.
 * @param jobs Each after those that it needs.
 */
export function priorities(jobs: readonly Job[]): Map<Job, number> {
  const chains = new Map<Job, number>();
  for (const job of jobs.toReversed()) {
    const chain = (chains.get(job) ?? 0) + effortOf(job.work);
    chains.set(job, chain);
    for (const need of job.needs) chains.set(need, Math.max(chains.get(need) ?? 0, chain));
  }
  const order = jobs.toSorted((a, b) => (chains.get(b) as number) - (chains.get(a) as number));
  return new Map(order.map((job, place) => [job, jobs.length - place]));
}
