import { attacks } from '#shared/attacks';
import type { Photos } from './cells.ts';
import { cardOf, type Lab, mean, overSeeds, percents, printTable, seconds } from './lab.ts';

/** Settings that a row of the table has besides the defaults. */
const variants: [name: string, attack: string, settings: Record<string, unknown>][] = [
  ['gd-uap, prior none', 'gd-uap', { prior: 'none' }],
  ['gd-uap, prior range', 'gd-uap', { prior: 'range' }],
  ['gd-uap, prior data', 'gd-uap', { prior: 'data' }],
  ['procedural, perlin', 'procedural', { kind: 'perlin' }],
  ['procedural, gabor', 'procedural', { kind: 'gabor' }],
];

/** Every row of the table: an attack with its defaults, or one of its variants. */
export function rowsOf({ options }: Lab): [name: string, attack: string, settings: Record<string, unknown>][] {
  return [...attacks.keys()]
    .filter((name) => options.attacks?.includes(name) ?? true)
    .flatMap((name) => {
      const own = variants.filter(([, attack]) => attack === name);
      return own.length > 0 ? own : [[name, name, {}] as (typeof variants)[number]];
    });
}

/** Photos that an attack with these settings crafts on here: synthetic pictures where it needs none. */
export async function photosFor(lab: Lab, name: string, settings: Record<string, unknown>): Promise<Photos> {
  const attack = attacks.get(name);
  const isDataFree = attack?.dataFree(settings) ?? false;
  return isDataFree ? lab.synthetic() : lab.crafting;
}

/** Attack x model: fooling ratio on the evaluation photos. */
export async function table(lab: Lab): Promise<void> {
  const { options, evaluation } = lab;
  const rows: string[][] = [];
  for (const [name, attack, settings] of rowsOf(lab)) {
    const row = [name];
    const spent: string[] = [];
    for (const model of options.models) {
      const card = cardOf(lab, model);
      const crafting = await photosFor(lab, attack, settings);
      const recipe = { attack, settings, surrogates: [card], crafting, budget: { gradients: options.gradients } };
      const { ratios, cells } = await overSeeds(lab, recipe, card);
      row.push(percents(ratios));
      spent.push(`${mean(cells.map((cell) => cell.gradients)).toFixed(0)} / ${seconds(cells)}`);
    }
    rows.push([...row, ...spent]);
  }
  const models = options.models;
  printTable(
    `Fooling ratio in %, mean and range of ${options.seeds.length} seeds; crafted on ${lab.crafting.indices.length} photos (data-free attacks: on synthetic pictures), measured on ${evaluation.indices.length} others; norm inf, epsilon 10, at most ${options.gradients} gradients`,
    ['attack', ...models, ...models.map((model) => `${model}: gradients / s`)],
    rows,
  );
}
