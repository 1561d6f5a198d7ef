/**
 * Whether jobs of a study that do not wait for each other are done faster at once than one after the other.
 *
 *   node bench/overlap.ts [--rounds 5] [--workers N]
 *
 * Prints for each pair the seconds of both ways and their ratio (one after the other / at once; above 1, overlapping
 * pays), medians over the rounds, which alternate.
 */
import { parseArgs } from 'node:util';
import { craft } from '#shared/attacks';
import { splitPhotos } from '#shared/photos';
import { measure } from '../batch/analyses/index.ts';
import { openCompute } from '../batch/compute/index.ts';
import { loadPhotos } from '../batch/photos/index.ts';
import { loadCard, prepareModel } from '../batch/zoo/index.ts';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '5' }, workers: { type: 'string' } } });
const rounds = Number(values.rounds);
const compute = await openCompute({ provider: 'auto', workers: values.workers ? Number(values.workers) : undefined });

const [squeezenet, lite0] = await Promise.all(['squeezenet1_1', 'efficientnet_lite0'].map((id) => loadCard(id)));
const models = new Map(
  await Promise.all([squeezenet, lite0].map(async (model) => [model.card.id, await prepareModel(model, 224)] as const)),
);
const photos = await loadPhotos(['starter'], { canvas: 224 });
const { crafting, evaluation } = splitPhotos(photos.names);

/** The jobs of a study, as small as they can be and still be themselves. */
const jobs = {
  craft: () => {
    const { bytes, sha256 } = models.get('squeezenet1_1')!;
    return craft({
      ...{ compute, photos, crafting: crafting.slice(0, 20), attack: 'cosine-uap', norm: 'inf', epsilon: 10 },
      surrogates: [{ id: 'squeezenet1_1', bytes, sha256 }],
      budget: { gradients: 200 },
    });
  },
  photos: () => loadPhotos(['starter'], { canvas: 224 }),
  prepare: () => prepareModel(lite0, 224),
  measure: (id: string) => () => measure({ compute, prepared: models.get(id)!, photos, indices: evaluation, v: null }),
};

const pairs: [string, () => Promise<unknown>, () => Promise<unknown>][] = [
  ['photos are decoded while a perturbation is crafted', jobs.photos, jobs.craft],
  ['a model is prepared while a perturbation is crafted', jobs.prepare, jobs.craft],
  ['two models are measured', jobs.measure('squeezenet1_1'), jobs.measure('efficientnet_lite0')],
];

const secondsOf = async (work: () => Promise<unknown>) => {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
};
const median = (numbers: number[]) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];

console.log(`${compute.provider}, ${compute.workers} threads, ${rounds} rounds`);
for (const [name, first, second] of pairs) {
  await Promise.all([first(), second()]);
  const turns: number[] = [];
  const atOnce: number[] = [];
  for (let round = 0; round < rounds; round++) {
    turns.push(
      await secondsOf(async () => {
        await first();
        await second();
      }),
    );
    atOnce.push(await secondsOf(() => Promise.all([first(), second()])));
  }
  const [a, b] = [median(turns), median(atOnce)];
  console.log(`${name}: ${a.toFixed(2)} s in turn, ${b.toFixed(2)} s at once, ratio ${(a / b).toFixed(2)}`);
}
await compute.close();
