/** Does one job on a worker: fetches what it needs, and gives away what becomes of it. */
import {
  addressOf,
  type CodeReader,
  doJob,
  type Item,
  type Job,
  type JobCheckpoints,
  type Machine,
  type Output,
  outputName,
} from '../jobs/index.ts';
import type { Cache } from './cache.ts';
import type { OwnPlan } from './own-plans.ts';
import { type Patience, reasonOf } from './patience.ts';
import type { SharedStore } from './shared-store.ts';

const never = new AbortController().signal;
/** Outputs that are fetched at once. */
const WIDTH = 8;

interface Doing {
  own: OwnPlan;
  machine: Machine;
  store: SharedStore;
  cache: Cache;
  patience: Patience;
  codes: CodeReader;
  /** Aborted where the job is to be given up, for whatever reason. */
  signal: AbortSignal;
  report(item: Item): void;
  notice(text: string): void;
}

/** A job that cannot be done because another one was not. */
export class Skip extends Error {}

/**
 * The output of a job, which is in the store then.
 * @throws Skip where what it needs is not there; what the job throws; the reason of `signal`.
 */
export async function outputOf(job: Job, doing: Doing): Promise<Output> {
  const { own, machine, store, cache, patience, codes, signal, report } = doing;
  const key = own.keys.get(job) as string;
  const there = await patience.through('store', () => cache.given(job, key, signal), signal);
  if (there) return { ...there, resumed: true };
  const outputs = await neededBy(job, doing);
  const checkpoints = new Kept(store.checkpoints(outputName(job.step, key), signal), doing);
  const output = await doJob(job, addressOf(job, key, outputs, codes), null, {
    ...{ outputs, machine, signal, report, checkpoints },
    // A full disk is waited for: what was computed is in memory. What is done is kept and given away in any case:
    // whoever has the job by now finds it there.
    store: { save: (...all) => patience.through('disk', () => cache.store.save(...all), never) },
  });
  const given = await patience.through('store', () => cache.give(job, output), never);
  await checkpoints.remove();
  return given;
}

async function neededBy(job: Job, { own, cache, patience, signal }: Doing): Promise<Map<Job, Output>> {
  const outputs = new Map<Job, Output>();
  const get = (need: Job) =>
    patience.through('store', () => cache.get(need, own.keys.get(need) as string, signal), signal);
  for (let at = 0; at < job.needs.length; at += WIDTH) {
    const some = job.needs.slice(at, at + WIDTH);
    for (const [i, output] of (await Promise.all(some.map(get))).entries()) {
      if (!output) throw new Skip(`${some[i].step} ${some[i].id}, which it needs, is not in the store.`);
      outputs.set(some[i], output);
    }
  }
  return outputs;
}

/** The checkpoints of a job, as far as there are any. */
class Kept implements JobCheckpoints {
  readonly #stored: ReturnType<SharedStore['checkpoints']>;
  readonly #doing: Doing;
  #isThere = false;

  constructor(stored: ReturnType<SharedStore['checkpoints']>, doing: Doing) {
    this.#stored = stored;
    this.#doing = doing;
  }

  async load(): Promise<Uint8Array | null> {
    const { patience, signal } = this.#doing;
    const bytes = await patience.through('store', () => this.#stored.load(), signal);
    this.#isThere = bytes !== null;
    return bytes;
  }

  async save(bytes: Uint8Array): Promise<void> {
    this.#isThere = true;
    // One that cannot be saved is only work that may have to be done again.
    await this.#stored.save(bytes).catch((error) => this.#doing.notice(`No checkpoint: ${reasonOf(error)}.`));
  }

  async remove(): Promise<void> {
    if (this.#isThere) await this.#stored.remove().catch(() => {});
  }
}
