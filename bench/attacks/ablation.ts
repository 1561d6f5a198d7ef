// What `house` was chosen by: one change at a time, crafted on seven tenths of the crafting photos and tried on the
// rest of them. No evaluation photo is looked at. Run: node_modules/.bin/node bench/attacks/ablation.ts --data
// ../shared/data/imagenet [--gradients 4000] [--rows "name;…"] [--models …]
import { parseArgs } from 'node:util';
import { Bench } from './cells.ts';
import { splitCrafting } from './held-out.ts';
import { cardOf, whole } from './lab.ts';
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
const split = await splitCrafting(given.data, given.beside);
const shown = given.crafting ? await whole(given.crafting, given.crafting) : split.shown;
const { heldOut } = split;
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
      const card = cardOf({ options: given }, model);
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
