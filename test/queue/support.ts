import { join } from 'node:path';
import { z } from 'zod';
import { AtlasError } from '#shared/errors';
import { CodeReader, defineStep, type Job } from '../../batch/jobs/index.ts';
import { openQueue } from '../../batch/queue/boss.ts';
import { ownPlan } from '../../batch/queue/bundle.ts';
import { Cache } from '../../batch/queue/cache.ts';
import { follow } from '../../batch/queue/follow.ts';
import type { OwnPlan } from '../../batch/queue/own-plans.ts';
import { Patience } from '../../batch/queue/patience.ts';
import { announce } from '../../batch/queue/plans.ts';
import { QueueProgress } from '../../batch/queue/progress.ts';
import { SharedStore } from '../../batch/queue/shared-store.ts';
import { type WorkEvent, type WorkOptions, work } from '../../batch/queue/worker.ts';

export { defineStep };

/** A number, which is all that jobs of these tests come to. */
export const numbers = z.object({ value: z.number() });
export type Numbers = z.infer<typeof numbers>;

/** Says what is wrong where nobody listens. */
const silent = () => {};

/** A plan of any jobs, announced on a queue. */
export async function announced(queueAddress: string, jobs: readonly Job[]): Promise<OwnPlan> {
  const own = ownPlan(jobs, await CodeReader.open());
  const queue = await openQueue(queueAddress);
  const of = { plan: own.plan, source: 'none', study: 'test', provider: 'cpu', commit: 'none' };
  await announce(queue, { ...of, jobs: own.jobs.size, effort: {} }, 10);
  await queue.close();
  return own;
}

/** Hands the jobs of a plan out, and follows them to their end. */
export async function followed(queueAddress: string, storeAddress: string, own: OwnPlan, signal?: AbortSignal) {
  const queue = await openQueue(queueAddress);
  const store = SharedStore.open(storeAddress);
  const progress = new QueueProgress([...own.jobs.values()], silent);
  try {
    const isThere = (name: string) => store.has(name);
    const there = await store.names();
    await follow({ queue, own, there, progress, signal, isThere, patience: new Patience(silent, signal) });
    return progress;
  } finally {
    await queue.close();
  }
}

/** A worker of this process, which makes the plan that it is given. */
export async function worker(
  addresses: { queue: string; store: string; cache: string },
  own: OwnPlan,
  { onEvent = silent, ...options }: Partial<WorkOptions> & { onEvent?: (event: WorkEvent) => void } = {},
): Promise<number> {
  const queue = await openQueue(addresses.queue);
  const store = SharedStore.open(addresses.store);
  try {
    return await work({
      ...{ queue, store, codes: await CodeReader.open(), name: 'a worker', onEvent },
      cache: await Cache.open(join(addresses.cache, 'outputs'), 1e9, store),
      patience: new Patience(silent, options.signal),
      // The database has plans of other tests too.
      planned: async (of) => {
        if (of.plan === own.plan) return own;
        throw new AtlasError('another test');
      },
      machineFor: () => ({ options: { provider: 'cpu' } }),
      ...options,
    });
  } finally {
    await queue.close();
  }
}
