// What `house` was chosen by: one change at a time, crafted on seven tenths of the crafting photos and tried on the
// rest of them. No evaluation photo is looked at. Run: node_modules/.bin/node bench/attacks/ablation.ts --data
// ../shared/data/imagenet [--gradients 4000] [--rows "name;…"] [--models …]
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { loadPhotos, splitPhotos } from '../../batch/photos/index.ts';
import { Bench, type Photos } from './cells.ts';
import { whole } from './lab.ts';
import { rows } from './recipes.ts';

const { values: given } = parseArgs({
  options: {
    data: { type: 'string', default: '../shared/data/imagenet' },
    cache: { type: 'string', default: '.atlas/bench-attacks' },
    gradients: { type: 'string', default: '4000' },
    seeds: { type: 'string', default: '1' },
    models: { type: 'string', default: 'mobilenet_v2_1.0_224,squeezenet_v1.0_dc' },
    rows: { type: 'string' },
    /** Another source to craft on, such as synthetic:jigsaw:150; tried on the same photos. */
    crafting: { type: 'string' },
    /** Pictures to craft on beside the photos, such as synthetic:150. */
    beside: { type: 'string' },
  },
});
const names = given.rows?.split(';') ?? Object.keys(rows);
// The crafting half of the starter pack is held out as a whole: it makes the judgement less noisy.
const set = await loadPhotos([join(given.data, 'images'), 'starter', ...(given.beside ? [given.beside] : [])], {
  canvas: 224,
});
const isDrawn = (index: number) => /-\d{6}$/.test(set.names[index]);
const crafting = splitPhotos(set.names, set.groups).crafting.filter((index) => !isDrawn(index));
const isHeldOut = (index: number) =>
  !/^n\d{8}/.test(set.names[index]) ||
  createHash('sha256').update(`held out ${set.names[index]}`).digest()[0] < 0.3 * 256;
const shown: Photos = given.crafting
  ? await whole(given.crafting, given.crafting)
  : {
      name: 'shown',
      set,
      indices: [...crafting.filter((index) => !isHeldOut(index)), ...[...set.names.keys()].filter(isDrawn)],
    };
const heldOut: Photos = { name: 'held out and starter', set, indices: crafting.filter(isHeldOut) };
const bench = await Bench.open(given.cache);
const models = given.models.split(',');
console.log(
  `${given.gradients} gradients, crafted on ${shown.indices.length}${given.crafting ? ` of ${given.crafting}` : ''}, tried on ${heldOut.indices.length} photos that were held out; seeds ${given.seeds}`,
);
console.log(['change', ...models, 'mean'].join(' | '));
for (const name of names) {
  const { attack, settings } = rows[name];
  const ratios: number[] = [];
  for (const model of models) {
    let sum = 0;
    const seeds = given.seeds.split(',').map(Number);
    for (const seed of seeds) {
      const card = existsSync(join(given.data, 'models', `${model}.json`))
        ? join(given.data, 'models', `${model}.json`)
        : model;
      const recipe = {
        attack,
        settings,
        surrogates: [card],
        crafting: shown,
        seed,
        budget: { gradients: Number(given.gradients) },
      };
      sum += (await bench.cell(recipe, card, heldOut)).ratio / seeds.length;
    }
    ratios.push(sum);
  }
  const mean = ratios.reduce((sum, ratio) => sum + ratio / ratios.length, 0);
  console.log([name, ...[...ratios, mean].map((ratio) => (100 * ratio).toFixed(1))].join(' | '));
}
await bench.close();
