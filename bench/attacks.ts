// The attack library measured: attack x model, its goals, other tools beside it, transfer, saturation. Half of the
// photos craft, the other half is measured. Every cell is kept as JSON, so that a run that was stopped goes on.
// Run: npm run bench:attacks -- --data ../shared/data/imagenet [--torch <python>] [--only
// goals,table,peers,starter,transfer,saturation]
//        [--attacks house,uap] [--models …] [--seeds 1,2,3] [--gradients 4000] [--long 24000, 0: without]
//        [--cache .atlas/bench-attacks]
import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { goals } from './attacks/goals.ts';
import { type Lab, openLab } from './attacks/lab.ts';
import { saturation, starter, transfer } from './attacks/others.ts';
import { peers } from './attacks/peers.ts';
import { table } from './attacks/table.ts';

const parts: Record<string, (lab: Lab) => Promise<void>> = { goals, transfer, saturation, starter, peers, table };

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
const unknown = wanted.find((part) => !Object.hasOwn(parts, part));
if (unknown !== undefined) {
  console.error(`There is no part "${unknown}". The parts are ${Object.keys(parts).join(', ')}.`);
  process.exit(2);
}
const lab = await openLab({
  data: given.data,
  cache: given.cache,
  models: given.models.split(','),
  attacks: given.attacks?.split(',') ?? null,
  seeds: given.seeds.split(',').map(Number),
  gradients: Number(given.gradients),
  long: Number(given.long),
  torch: given.torch ?? null,
});
console.log(`${cpus().length} x ${cpus()[0]?.model ?? 'processor'}, load ${loadavg()[0].toFixed(1)} at the start`);
for (const part of wanted) await parts[part](lab);
await lab.bench.close();
