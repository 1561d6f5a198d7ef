/** `atlas work`: a worker on this machine, with its cache. */
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { AtlasError } from '#shared/errors';
import type { Provider } from '#shared/release';
import { CodeReader, lockFolder } from '../jobs/index.ts';
import { cacheFolder } from '../zoo/index.ts';
import { openQueue } from './boss.ts';
import { bundle, planOfBundle } from './bundle.ts';
import { Cache } from './cache.ts';
import type { OwnPlan } from './own-plans.ts';
import { Patience } from './patience.ts';
import type { Announcement } from './plans.ts';
import { SharedStore } from './shared-store.ts';
import { type WorkEvent, work } from './worker.ts';

/** What workers do; the rest of a study is done where its files are. */
export const handedOutSteps: readonly string[] = [
  ...['looked', 'craft', 'derive', 'measure', 'distortion', 'harden', 'analyse'],
  ...['defend', 'defended', 'compared', 'normals', 'spanned', 'sweep', 'spectra', 'thresholds'],
];

export interface WorkerOptions {
  /** Addresses of the queue and of the store. */
  queue: string;
  store: string;
  provider: Provider | 'auto';
  workers?: number;
  /** Steps that are done; left out: all. */
  only?: readonly string[];
  /** Ends after so long without a job. */
  idleSeconds?: number;
  /** Folder of the outputs that were needed last; left out: one of its own in the user's cache. */
  cache?: string;
  /** Bytes that stay in it between two jobs. */
  cacheBytes: number;
  signal?: AbortSignal;
  onEvent?: (event: WorkEvent) => void;
}

/** Takes jobs until it is stopped. @returns How many it did. */
export async function workOnQueue(options: WorkerOptions): Promise<number> {
  const { provider, workers, signal, onEvent } = options;
  const store = SharedStore.open(options.store);
  const queue = await openQueue(options.queue);
  try {
    // Says at once whether the store can be had.
    await store.has('nothing', signal);
    const place = await cachePlace(options.cache);
    try {
      const say = (text: string) => onEvent?.({ event: 'notice', stage: 'notice', job: null, done: 0, text });
      const codes = await CodeReader.open();
      const patience = new Patience(say, signal);
      return await work({
        ...{ queue, store, codes, signal, onEvent, only: options.only, idleSeconds: options.idleSeconds },
        name: `${hostname()} ${process.pid}`,
        patience,
        cache: await Cache.open(join(place.folder, 'outputs'), options.cacheBytes, store),
        planned: (of) => planned(of, { store, codes, provider, patience, signal }),
        machineFor: (name) => ({ options: { provider: name as Provider, workers, notice: say } }),
      });
    } finally {
      await place.unlock();
    }
  } finally {
    await queue.close();
  }
}

async function planned(
  of: Announcement,
  here: { store: SharedStore; codes: CodeReader; provider: string; patience: Patience; signal?: AbortSignal },
): Promise<OwnPlan> {
  if (here.provider !== 'auto' && here.provider !== of.provider) {
    throw new AtlasError(
      `it is done on ${of.provider}, and this worker runs on ${here.provider}. Results depend on that: start one with --provider ${of.provider}, or without.`,
    );
  }
  const source = await here.patience.through('store', () => here.store.study(of.source, bundle, here.signal));
  if (!source) {
    throw new AtlasError(
      `its study is not in the store ${here.store.place.name}. Give the --store that \`atlas run\` has.`,
    );
  }
  const own = await planOfBundle(source, here.codes);
  if (own.plan === of.plan) return own;
  throw new AtlasError(
    `it was planned by other code (commit ${of.commit}), which would make other results under the same names. Check that commit out here, and run npm ci.`,
  );
}

/** A folder of this process alone: workers beside each other on one machine each have theirs. */
async function cachePlace(given: string | undefined): Promise<{ folder: string; unlock: () => Promise<void> }> {
  if (given) return { folder: resolve(given), unlock: await lockFolder(resolve(given)) };
  for (let number = 1; ; number++) {
    const folder = join(cacheFolder(), 'work', String(number));
    try {
      return { folder, unlock: await lockFolder(folder) };
    } catch (error) {
      if (!(error instanceof AtlasError) || number === 64) throw error;
    }
  }
}
