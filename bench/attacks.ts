// The attack library measured: attack x model, its goals, other tools beside it, transfer, saturation; each attack with
// the budget of its paper; settings tuned alike, and attacks compared photo by photo. Half of the photos craft, the
// other half is measured. Every cell is kept as JSON and a craft leaves checkpoints, so that a run that was stopped
// goes on: --stop-after ends it by itself (exit status 75), and the same command then goes on.
// Run: npm run bench:attacks -- --data ../shared/data/imagenet [--torch <python>] [--only
// goals,table,peers,starter,transfer,saturation,papers,tune,compare]
//        [--attacks house,uap] [--models …] [--seeds 1,2,3] [--gradients 4000] [--long 24000, 0: without]
//        [--tries 12] [--tune-on mobilenet_v1_0.5_160,mobilenet_v1_0.25_128] [--stop-after 180 (seconds)]
//        [--cache .atlas/bench-attacks]
import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { compare } from './attacks/compare.ts';
import { goals } from './attacks/goals.ts';
import { type Lab, openLab } from './attacks/lab.ts';
import { saturation, starter, transfer } from './attacks/others.ts';
import { papers } from './attacks/papers.ts';
import { peers } from './attacks/peers.ts';
import { table } from './attacks/table.ts';
import { tune } from './attacks/tune.ts';

const parts: Record<string, (lab: Lab) => Promise<void>> = { goals, transfer, saturation, starter, peers, table };
/** Parts that are asked for by name: they take hours. */
const long: typeof parts = { papers, tune, compare };

const { values: given } = parseArgs({
  options: {
    data: { type: 'string' },
    torch: { type: 'string' },
    only: { type: 'string' },
    attacks: { type: 'string' },
    models: { type: 'string', default: 'mobilenet_v2_1.0_224,mobilenet_v1_1.0_224,squeezenet_v1.0_dc' },
    seeds: { type: 'string', default: '1,2,3' },
    gradients: { type: 'string', default: '4000' },
    long: { type: 'string', default: '24000' },
    tries: { type: 'string', default: '12' },
    'tune-on': { type: 'string', default: 'mobilenet_v1_0.5_160,mobilenet_v1_0.25_128' },
    'stop-after': { type: 'string' },
    cache: { type: 'string', default: '.atlas/bench-attacks' },
  },
});
if (!given.data) {
  console.error(
    'Give the folder of models and photos: npm run bench:attacks -- --data <folder with models/ and images/>',
  );
  process.exit(2);
}
const wanted = given.only?.split(',') ?? Object.keys(parts);
const all = { ...parts, ...long };
const unknown = wanted.find((part) => !Object.hasOwn(all, part));
if (unknown !== undefined) {
  console.error(`There is no part "${unknown}". The parts are ${Object.keys(all).join(', ')}.`);
  process.exit(2);
}
const stop = given['stop-after'] === undefined ? undefined : AbortSignal.timeout(1000 * Number(given['stop-after']));
const lab = await openLab(
  {
    data: given.data,
    cache: given.cache,
    models: given.models.split(','),
    attacks: given.attacks?.split(',') ?? null,
    seeds: given.seeds.split(',').map(Number),
    gradients: Number(given.gradients),
    long: Number(given.long),
    torch: given.torch ?? null,
    tries: Number(given.tries),
    tuneOn: given['tune-on'].split(','),
  },
  stop,
);
console.log(`${cpus().length} x ${cpus()[0]?.model ?? 'processor'}, load ${loadavg()[0].toFixed(1)} at the start`);
try {
  for (const part of wanted) await all[part](lab);
} catch (error) {
  if (!stop?.aborted) throw error;
  console.error(`Stopped after ${given['stop-after']} s; the same command goes on.`);
  process.exitCode = 75;
} finally {
  await lab.bench.close();
}
