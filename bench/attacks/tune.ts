/**
 * Attacks tuned alike: each gets the same number of tries, its defaults first and then draws from ranges of the same
 * kind, on models that are not reported, crafted on some crafting photos and judged by others.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Random, random } from '#shared/synthetic';
import { writeAtomic } from '../../batch/files/index.ts';
import { splitCrafting } from './held-out.ts';
import { cardOf, type Lab, mean, printTable } from './lab.ts';

type Settings = Record<string, unknown>;
type Space = Record<string, (draw: Random) => unknown>;

const one =
  <Value>(...values: Value[]) =>
  (draw: Random) =>
    values[draw.below(values.length)];
const logarithmic = (low: number, high: number) => (draw: Random) =>
  Number((low * (high / low) ** draw.uniform()).toPrecision(2));

/** What all of them have: how long steps are and how they shrink, momentum, batch, how photos are shown. */
const common: Space = {
  step: logarithmic(0.03, 1.6),
  decayTo: one(1, 0.1, 0.02),
  momentum: one(0, 0.8, 0.9, 0.95),
  batch: one(8, 10, 20, 32),
  shift: one(0, 0.03, 0.07),
  flips: one(true, false),
};

/** The attacks that are compared, and what each is tuned over. */
export const spaces: Record<string, Space> = {
  house: { ...common, batchTo: one(20, 40, 80), centred: one(undefined, 0, 0.5, 1), zoomAfter: one(0, 20, 40) },
  'cosine-uap': { ...common, centred: one(true, false), start: one(0.1, 0.5, 1) },
  'sgd-uap': { ...common, clamp: logarithmic(3, 30) },
  'df-uap': { ...common, optimiser: one('adam', 'sign-momentum'), kappa: logarithmic(3, 30) },
  sga: { ...common, walk: one(2, 4, 8), clamp: logarithmic(3, 30) },
};

/** The settings of every try. The draws depend on the attack's name and on the place alone. */
export function triesOf(attack: string, count: number): Settings[] {
  return Array.from({ length: count }, (_, place) => {
    if (place === 0) return {};
    const draw = random(place, `tune ${attack}`);
    const drawn = Object.entries(spaces[attack]).map(([name, value]) => [name, value(draw)]);
    return Object.fromEntries(drawn.filter(([, value]) => value !== undefined));
  });
}

const fileOf = ({ options }: Lab) => join(options.cache, `tuned-${options.tries}-${options.gradients}.json`);

/** What tuning has chosen, by attack; null where it has not been done with these numbers of tries and gradients. */
export async function tuned(lab: Lab): Promise<Record<string, Settings> | null> {
  try {
    return JSON.parse(await readFile(fileOf(lab), 'utf8')) as Record<string, Settings>;
  } catch {
    return null;
  }
}

export async function tune(lab: Lab): Promise<void> {
  const { options } = lab;
  const { shown, heldOut } = await splitCrafting(options.data);
  const chosen: Record<string, Settings> = {};
  const rows: string[][] = [];
  for (const attack of Object.keys(spaces)) {
    let best: { ratio: number; settings: Settings } | null = null;
    let untuned = 0;
    for (const [place, settings] of triesOf(attack, options.tries).entries()) {
      const ratios: number[] = [];
      for (const model of options.tuneOn) {
        const card = cardOf(lab, model);
        const recipe = { attack, settings, surrogates: [card], crafting: shown, seed: 1 };
        const budget = { gradients: options.gradients };
        ratios.push((await lab.bench.cell({ ...recipe, budget }, card, heldOut)).ratio);
      }
      const ratio = mean(ratios);
      if (place === 0) untuned = ratio;
      if (!best || ratio > best.ratio) best = { ratio, settings };
    }
    if (!best) continue;
    chosen[attack] = best.settings;
    rows.push([attack, (100 * untuned).toFixed(1), (100 * best.ratio).toFixed(1), JSON.stringify(best.settings)]);
  }
  await writeAtomic(fileOf(lab), JSON.stringify(chosen, null, 2));
  printTable(
    `Tuned: ${options.tries} tries each on ${options.tuneOn.join(' and ')}, ${options.gradients} gradients, crafted on ${shown.indices.length} crafting photos, judged by ${heldOut.indices.length} others`,
    ['attack', 'defaults %', 'best %', 'settings'],
    rows,
  );
}
