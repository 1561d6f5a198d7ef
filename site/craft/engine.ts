/**
 * A craft in the browser, from its order to its record: the attacks, their driver and the split of photos are those of
 * the command line. Nothing but the release's own files is loaded, and nothing leaves the browser.
 */
import { type Crafted, craft, craftRecord, noiseControl } from '#shared/attacks';
import type { Compute } from '#shared/compute';
import { isFooled, pairedTest } from '#shared/metrics';
import { photosSha256 } from '#shared/photos';
import { perturbationId } from '#shared/release';
import { openCompute } from '../runtime/index.ts';
import type { Control } from './control.ts';
import { Looking } from './looking.ts';
import { foolingOf, loadNetwork, type Network, readingsOf } from './networks.ts';
import { Pace } from './pace.ts';
import { type CraftPhotos, craftingFacts, photosFor } from './photos.ts';
import type { CraftMeasured, CraftOrder, CraftReport, CraftResult, Doing } from './protocol.ts';

/** Seconds between two checkpoints: a runtime that breaks down costs no more. */
const CHECKPOINT_SECONDS = 5;
/** Safari loses a little memory with every run, and ends a page that has none left. */
const renewAfter = /safari/i.test(navigator.userAgent) && !/chrom/i.test(navigator.userAgent) ? 300 : undefined;

type Say = (report: CraftReport) => void;

export async function craftHere(order: CraftOrder, control: Control, say: Say): Promise<void> {
  const began = performance.now();
  const doing = (what: Doing, done = 0, total = 1) => say({ type: 'doing', what, done, total });
  doing('runtime');
  const compute = await openCompute(order.runtime, { renewAfter });
  try {
    doing('network');
    const network = await loadNetwork(order.network);
    const photos = await photosFor(order, (done) => doing('photos', done, order.photos.length));
    const crafted = await craftOn(compute, network, photos, order, control, say);
    const result = resultOf(order, compute, photos, crafted, control.stopped);
    say({ type: 'crafted', result });
    const rows: CraftMeasured[] = [];
    // From here on stopping means to leave out what is still to be measured.
    control.stopped = false;
    for (const [i, one] of [network, ...order.others].entries()) {
      if (control.stopped || photos.heldOut.length === 0) break;
      const what = i === 0 ? 'measure' : 'others';
      const measured = await measure(compute, one, photos, order, result.v, (done, total) =>
        doing(what, Math.max(0, i - 1) + done / total, i === 0 ? 1 : order.others.length),
      );
      rows.push(measured);
      say({ type: 'measured', measured });
    }
    say({ type: 'done', result: withRows(result, rows, photos), seconds: (performance.now() - began) / 1000 });
  } finally {
    await compute.close().catch(() => {});
  }
}

async function craftOn(
  compute: Compute,
  network: Network,
  photos: CraftPhotos,
  order: CraftOrder,
  control: Control,
  say: Say,
) {
  const { id, sha256, bytes, tampered } = network;
  const looking = new Looking(compute, network, photos);
  const shown = await looking.begin();
  const { crafting, heldOut, skipped } = photos;
  say({ type: 'began', crafting: crafting.length, heldOut: heldOut.length, skipped, shown });
  const pace = new Pace(() => performance.now() - control.held - looking.spent);
  let v = new Float32Array(0);
  return craft({
    ...{ compute, photos, crafting, surrogates: [{ id, sha256, bytes, tampered }] },
    ...{ attack: order.attack, settings: order.settings, norm: order.norm, epsilon: order.epsilon },
    ...{ seed: order.seed, budget: order.budget },
    checkpoints: {
      load: async () => order.checkpoint ?? null,
      save: async (saved) => say({ type: 'checkpoint', bytes: saved }),
      every: CHECKPOINT_SECONDS,
    },
    onStep: async (now, gradients) => {
      await control.gate();
      v = new Float32Array(now);
      if (looking.isDue) say({ type: 'looked', gradients, v, ...(await looking.look(v)) });
      return !control.stopped;
    },
    onProgress: (progress) => {
      const { stage, done, total } = progress;
      if (stage === 'clean') {
        const isOver = done === total;
        say({ type: 'doing', what: isOver ? 'graph' : 'clean', done: isOver ? 0 : done, total: isOver ? 1 : total });
      } else if (stage === 'craft' && pace.isDue(done === total)) {
        say({ type: 'step', v, progress: { ...progress, ...pace.times(progress) } });
      }
    },
  });
}

function resultOf(
  order: CraftOrder,
  compute: Compute,
  photos: CraftPhotos,
  crafted: Crafted & { settings: Record<string, unknown> },
  stopped: boolean,
): CraftResult {
  const { attack, norm, epsilon, seed, budget, canvas, fit, network } = order;
  const record = craftRecord(
    {
      ...{ attack, norm, epsilon, seed, budget, canvas, provider: compute.provider },
      surrogates: [{ id: network.id, sha256: network.source ?? network.sha256, prepared: network.sha256 }],
      ...(fit === 'exact' && { fit }),
      crafting: craftingFacts(photos),
    },
    crafted,
  );
  return {
    v: crafted.v,
    canvas,
    id: perturbationId({ surrogates: [network.id], attack, norm, epsilon, seed }),
    record: { ...record, ...(stopped && { stopped }) },
    stopped,
  };
}

/** Fooling of v and of noise of the same bound, on the held-out photos. */
async function measure(
  compute: Compute,
  one: CraftOrder['network'],
  photos: CraftPhotos,
  { norm, epsilon, seed }: CraftOrder,
  v: Float32Array,
  onProgress: (done: number, total: number) => void,
): Promise<CraftMeasured> {
  const network = await loadNetwork(one);
  const indices = photos.heldOut;
  const patterns = [null, v, noiseControl(v.length, { norm, epsilon, seed })];
  const total = patterns.length * indices.length;
  const readings = [];
  for (const [i, pattern] of patterns.entries()) {
    const done = (count: number) => onProgress(i * indices.length + count, total);
    readings.push(await readingsOf(compute, network, { photos, indices, v: pattern, onProgress: done }));
  }
  const [before, after, noisy] = readings;
  await compute.release(network.sha256);
  const share = (found: typeof before) => foolingOf(before, found, network.tampered);
  const hits = (found: typeof before) =>
    found.map(({ index }, i) => isFooled(before[i].index, index, network.tampered));
  return {
    ...{ network: network.id, title: network.title, fooling: share(after), noise: share(noisy) },
    p: pairedTest(hits(after), hits(noisy)),
  };
}

/** The record, with what was measured in it as the tables of a release have it. */
function withRows(result: CraftResult, rows: readonly CraftMeasured[], photos: CraftPhotos): CraftResult {
  const { fooling, ...record } = result.record as { fooling: object };
  const evaluation = rows.map(({ network, fooling: { photos: count, fooled, ratio, low, high }, noise, p }) => ({
    ...{ target: network, photos: count, fooled, ratio, low, high },
    ...{ noise: noise.ratio, noise_fooled: noise.fooled, noise_low: noise.low, noise_high: noise.high, p },
  }));
  return {
    ...result,
    record: {
      ...record,
      evaluation: {
        photos: photos.heldOut.length,
        sha256: photosSha256(photos, photos.heldOut),
        names: photos.heldOut.map((index) => photos.names[index]),
      },
      fooling: { ...fooling, evaluation },
    },
  };
}
