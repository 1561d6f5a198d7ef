/**
 * Hardened networks measured: on evaluation photos, and on perturbations of an attack that was left out of training.
 *
 *   npm run bench:harden -- --data <folder with models/ and images/> --perturbations <folder> [--perturbations …]
 *       [--models mobilenet_v2_1.0_224,efficientnet_lite0] [--rate 0.01] [--seed 1] [--workers N]
 *       [--photos 100 (the first so many evaluation photos)] [--only uap,… (attacks that are left out in turn)]
 *       [--without uap,… (attacks that are neither learnt from nor tried)]
 *       [--cache .atlas/bench-harden] [--stop-after 100 (seconds)]
 *
 * For each model and each attack (as the records beside the perturbations name them): how well the class tells its
 * perturbations from clean photos (AUROC), how many it catches at the threshold, how many photos are fooled, and fooled
 * and not caught; beside it the largest probability, the energy score (W. Liu et al., "Energy-based out-of-distribution
 * detection", NeurIPS 2020) and the same regression on block-DCT energies, each with a threshold of its own that the
 * same crafting photos set. All of that on photos as they are; and of the class once more on photos that were saved as
 * JPEG of quality 90, 75 or 50, by turns.
 *
 * What is done is kept, so that a run that was stopped goes on (--stop-after ends it by itself, exit status 75). Delete
 * the cache when the code has changed.
 */
import { existsSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openCompute } from '../batch/compute/index.ts';
import { readPerturbations } from '../batch/perturbations/index.ts';
import { loadPhotos } from '../batch/photos/index.ts';
import { loadCard } from '../batch/zoo/index.ts';
import { sha256Hex } from '../shared/release/index.ts';
import { type Kept, keptValue, keyOf } from './harden/kept.ts';
import { show } from './harden/pictures.ts';
import { leftOut, mean, type Row } from './harden/scores.ts';

const { values: given } = parseArgs({
  options: {
    data: { type: 'string' },
    perturbations: { type: 'string', multiple: true },
    models: { type: 'string', default: 'mobilenet_v2_1.0_224,efficientnet_lite0' },
    rate: { type: 'string', default: '0.01' },
    seed: { type: 'string', default: '1' },
    workers: { type: 'string' },
    without: { type: 'string', default: '' },
    only: { type: 'string' },
    photos: { type: 'string' },
    cache: { type: 'string', default: '.atlas/bench-harden' },
    'stop-after': { type: 'string' },
  },
});
if (!given.data || !given.perturbations) {
  console.error('Give photos and perturbations: npm run bench:harden -- --data <folder> --perturbations <folder>');
  process.exit(2);
}
const rate = Number(given.rate);
const perturbations = (await readPerturbations(given.perturbations)).filter(({ attack }) => attack !== 'noise');
const photos = await loadPhotos([join(given.data, 'images')], { canvas: perturbations[0].size });
const compute = await openCompute({ workers: given.workers ? Number(given.workers) : undefined });
const stop = given['stop-after'] === undefined ? undefined : AbortSignal.timeout(1000 * Number(given['stop-after']));
const kept: Kept = { folder: given.cache, stop };
let told = performance.now();
const say = (line: string) => {
  if (performance.now() - told < 10_000) return;
  told = performance.now();
  console.error(line);
};
const head = [
  ...['left out', 'v', 'AUROC', 'caught', 'false alarms', 'JPEG: AUROC', 'caught', 'false alarms'],
  ...['fooled', 'fooled, not caught', 'accuracy', 'kept'],
  ...['softmax', 'caught', 'energy', 'caught', 'DCT', 'caught', 'false alarms'],
];
console.log(
  `${cpus().length} x ${cpus()[0]?.model ?? 'processor'}, load ${loadavg()[0].toFixed(1)}; ${photos.names.length} photos, ${perturbations.length} perturbations, rate ${rate}`,
);
try {
  for (const id of given.models.split(',')) {
    const card = join(given.data, 'models', `${id}.json`);
    const model = await loadCard(existsSync(card) ? card : id);
    const shown = await show(model, photos, perturbations, {
      compute,
      seed: Number(given.seed),
      say,
      kept,
      most: Number(given.photos ?? Infinity),
    });
    const truth = shown.photos.map((index) => {
      const wnid = /^n\d{8}/.exec(photos.names[index])?.[0];
      return wnid === undefined ? -1 : (model.wnids?.indexOf(wnid) ?? -1);
    });
    const attackOf = ({ attack }: { attack: string | null }) => attack ?? 'unknown';
    const of = (names: readonly string[]) =>
      perturbations.flatMap((one, index) => (names.includes(attackOf(one)) ? [index] : []));
    const ignored = of(given.without.split(','));
    const attacks = [...new Set(perturbations.map(attackOf))]
      .sort()
      .filter((one) => of([one]).some((index) => !ignored.includes(index)));
    console.log(`\n${id}: ${shown.crafting.features} statistics at ${shown.places} places\n`);
    for (const row of [head, head.map(() => '---')]) line(row);
    // Of statistics that were learnt from and tried, all else follows.
    const known = keyOf(
      [shown.crafting, shown.evaluation].map(({ statistics }) => sha256Hex(new Uint8Array(statistics.buffer))),
    );
    const without = (attack: string, own: number[]) => {
      const task = { attack, own, ignored, rate, truth };
      return keptValue(kept, keyOf({ known, ...task }), () => leftOut(shown, task));
    };
    const rows: Row[] = [];
    for (const attack of attacks) {
      if (given.only && !given.only.split(',').includes(attack)) continue;
      rows.push(await without(attack, of([attack])));
      line(cells(rows[rows.length - 1]));
    }
    if (rows.length > 0) line(cells(mean(rows)));
    if (given.only) continue;
    const everything = await without('none', []);
    line(cells(everything));
    const alarms = Object.entries(everything.alarms).map(([change, share]) => `${change} ${percent(share)}`);
    console.log(`\nFalse alarms, nothing left out: ${alarms.join(', ')}`);
  }
} catch (error) {
  if (!stop?.aborted) throw error;
  console.error(`Stopped after ${given['stop-after']} s; the same command goes on.`);
  process.exitCode = 75;
} finally {
  await compute.close();
}

function line(row: readonly string[]): void {
  console.log(`| ${row.join(' | ')} |`);
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

function cells({
  attack,
  perturbations,
  own,
  saved,
  fooled,
  missed,
  accuracy,
  kept,
  softmax,
  energy,
  dct,
}: Row): string[] {
  const figures = (auroc: number, caught: number) => [auroc.toFixed(3), percent(caught)];
  return [
    ...[attack, String(perturbations)],
    ...[own, saved].flatMap(({ auroc, caught, falseAlarms }) => [...figures(auroc, caught), percent(falseAlarms)]),
    ...[percent(fooled), percent(missed), percent(accuracy), percent(kept)],
    ...[...figures(softmax.auroc, softmax.caught), ...figures(energy.auroc, energy.caught)],
    ...[...figures(dct.auroc, dct.caught), percent(dct.falseAlarms)],
  ];
}
