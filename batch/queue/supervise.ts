/** Gives the jobs of machines that are not heard of any more to others. Everybody does it; the database lets one. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Queue } from './boss.ts';
import type { Patience } from './patience.ts';
import { queueOf } from './plans.ts';

const EVERY_MS = 5000;

export interface Supervised {
  queue: Queue;
  patience: Patience;
  /** Hashes of the plans that are looked after, as they are now. */
  plans: () => Iterable<string>;
  /** Seconds that nobody can have been heard while the database was gone, and so are held against nobody. */
  heartbeat: number;
}

/** Until the signal is aborted. */
export async function supervise({ queue, patience, plans, heartbeat }: Supervised, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await pause(EVERY_MS, undefined, { signal }).catch(() => {});
    if (signal.aborted) return;
    try {
      const [{ up }] = await queue.sql<{ up: number }>(
        'SELECT extract(epoch FROM now() - pg_postmaster_start_time())::float8 AS up',
        [],
      );
      // After the database was gone everybody is given the time to be heard again.
      if (up < heartbeat || patience.quietFor('database') < 1000 * heartbeat) continue;
      for (const plan of plans()) await queue.boss.supervise(queueOf(plan));
    } catch {
      // The database is gone: whoever needs something of it says so.
    }
  }
}
