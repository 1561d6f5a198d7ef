import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Compute } from '#shared/compute';
import { differentiate, foldConstants, readModel, withCrossEntropy, writeModel } from '#shared/graph';
import { openCompute } from '../../batch/compute/index.ts';
import { loadPhotos } from '../../batch/photos/index.ts';
import { loadCard, prepareModel } from '../../batch/zoo/index.ts';
import { type TorchPeer, torchPeers } from './torch.ts';

const size = 224;
const starterPhotos = new URL('../../zoo/starter/photos', import.meta.url).pathname;

interface Setup {
  models: string[];
  python: string | undefined;
  seconds: number;
  rounds: number;
  workers: number;
}

/** Goals of ratios to PyTorch's channels_last, as it comes and with its allocator tuned. */
const goals = { channels_last: 2, 'channels_last, tuned allocator': 1.5 } as const;

const median = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1];

/**
 * Prints images a second of ours and of PyTorch. All take turns, so that a machine that is busy for a while slows all
 * alike.
 */
export async function throughput({ models, python, seconds, rounds, workers }: Setup): Promise<void> {
  console.log(
    `Loss, logits and input gradient, canvas ${size}, ${workers} threads; median of ${rounds} x ${seconds} s in turns\n`,
  );
  const folder = mkdtempSync(join(tmpdir(), 'atlas-bench-'));
  const photos = await loadPhotos([starterPhotos], { canvas: size });
  try {
    for (const id of models) {
      const prepared = await prepareModel(await loadCard(id), size);
      const file = join(folder, 'model.onnx');
      writeFileSync(file, writeModel(foldConstants(readModel(prepared.bytes))));
      const compute = await openCompute({ provider: 'cpu', workers });
      const peers = python ? await torchPeers(python, file, { size, threads: workers }) : [];
      try {
        report(id, await takeTurns(oursOf(compute, prepared, photos), peers, seconds, rounds));
      } finally {
        for (const peer of peers) await peer.close();
        await compute.close();
      }
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

type Measure = (seconds: number) => Promise<number>;

/** Forward passes and gradients a second, as attacks ask for them. */
function oursOf(
  compute: Compute,
  prepared: { bytes: Uint8Array; sha256: string },
  photos: Awaited<ReturnType<typeof loadPhotos>>,
): { forward: Measure; gradient: Measure } {
  const items = Array.from({ length: 32 }, (_, photo) => ({ photo, flip: false, row: photo }));
  const v = new Float32Array(3 * size * size).fill(3);
  const labels = { data: new Int32Array(items.length), width: 1 };
  const program = { key: prepared.sha256, bytes: prepared.bytes };
  const graph = differentiate(withCrossEntropy(readModel(prepared.bytes)), { of: 'loss', wrt: 'canvas' });
  const gradient = { key: 'gradient', bytes: writeModel(graph) };
  const repeat =
    (work: () => Promise<unknown>): Measure =>
    async (seconds) => {
      const started = performance.now();
      let images = 0;
      for (; performance.now() - started < 1000 * seconds; images += items.length) await work();
      return (1000 * images) / (performance.now() - started);
    };
  return {
    forward: repeat(() => compute.logits({ program, photos, items })),
    gradient: repeat(() => compute.gradient({ program: gradient, photos, items, v, tables: { labels } })),
  };
}

interface Rates {
  forward: number;
  gradient: number;
  peers: { name: string; rate: number }[];
}

async function takeTurns(
  ours: { forward: Measure; gradient: Measure },
  peers: TorchPeer[],
  seconds: number,
  rounds: number,
): Promise<Rates> {
  const measures: Measure[] = [ours.forward, ours.gradient, ...peers.map((peer) => peer.imagesPerSecond)];
  const rates = measures.map((): number[] => []);
  // The first turn opens sessions and fills caches.
  for (const measure of measures) await measure(0.1);
  for (let round = 0; round < rounds; round++)
    for (const [i, measure] of measures.entries()) rates[i].push(await measure(seconds));
  const [forward, gradient, ...others] = rates.map(median);
  return { forward, gradient, peers: peers.map(({ name }, i) => ({ name, rate: others[i] })) };
}

function report(id: string, { forward, gradient, peers }: Rates): void {
  console.log(
    `${id}: ${gradient.toFixed(1)} gradients/s, ${forward.toFixed(1)} forward/s: a gradient costs ${(forward / gradient).toFixed(2)} forward passes`,
  );
  for (const { name, rate } of peers) {
    const ratio = gradient / rate;
    const goal = goals[name as keyof typeof goals];
    const verdict = goal === undefined ? '' : `, goal ${goal.toFixed(1)}: ${ratio >= goal ? 'reached' : 'not reached'}`;
    console.log(
      `  PyTorch ${name.padEnd(32)} ${rate.toFixed(1).padStart(6)} images/s, ratio ${ratio.toFixed(2)}${verdict}`,
    );
  }
  console.log();
}
