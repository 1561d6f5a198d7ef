// Gradients a second of models, and what one costs in forward passes. Run: node_modules/.bin/node bench/gradients.ts [id|card.json ...]
// Rounds of all measurements are interleaved and the median is taken, so that a machine that is busy for a while slows all alike.
import { availableParallelism } from 'node:os';
import { differentiate, readModel, withCosine, writeModel } from '#shared/graph';
import { type Compute, openCompute } from '../batch/compute/index.ts';
import { loadPhotos } from '../batch/photos/index.ts';
import { loadCard, prepareModel } from '../batch/zoo/index.ts';

const ids = process.argv.length > 2 ? process.argv.slice(2) : ['squeezenet1_1', 'efficientnet_lite0'];
const size = 224;
const rounds = 3;
const photos = await loadPhotos([new URL('../zoo/starter/photos', import.meta.url).pathname], { canvas: size });
const items = Array.from({ length: 32 }, (_, photo) => ({ photo, flip: false, row: photo }));
const v = new Float32Array(3 * size * size).fill(3);
const median = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1];

async function perSecond(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return (1000 * items.length) / (performance.now() - started);
}

console.log('model, threads: forward/s, gradients/s, one gradient in forward passes');
for (const id of ids) {
  const prepared = await prepareModel(await loadCard(id), size);
  const graph = writeModel(differentiate(withCosine(readModel(prepared.bytes)), { of: 'loss', wrt: 'canvas' }));
  const pools: Compute[] = [];
  for (const workers of new Set([1, availableParallelism()]))
    pools.push(await openCompute({ provider: 'cpu', workers }));
  const forward = pools.map((): number[] => []);
  const backward = pools.map((): number[] => []);
  for (let round = 0; round <= rounds; round++) {
    for (const [i, compute] of pools.entries()) {
      const look = () => compute.logits({ program: { key: prepared.sha256, bytes: prepared.bytes }, photos, items });
      let clean = await look();
      const f = await perSecond(async () => {
        clean = await look();
      });
      const b = await perSecond(() =>
        compute.gradient({
          program: { key: 'gradient', bytes: graph },
          photos,
          items,
          v,
          tables: { reference: { data: clean.logits, width: clean.classes } },
          constants: { centre: new Float32Array(clean.classes) },
        }),
      );
      // The first round opens the sessions.
      if (round > 0) {
        forward[i].push(f);
        backward[i].push(b);
      }
    }
  }
  for (const [i, compute] of pools.entries()) {
    const [f, b] = [median(forward[i]), median(backward[i])];
    console.log(`${id}, ${compute.workers}: ${f.toFixed(1)}, ${b.toFixed(1)}, ${(f / b).toFixed(2)}`);
    await compute.close();
  }
}
