/** The transfer matrix as the page draws it: what each cell shows in each view, and the orders of rows and columns. */
import type { TransferRow } from '#shared/release';
import { shadeOf } from '../charts/colour.ts';
import { interval, percent } from '../format.ts';
import type { Atlas, Plate } from '../release.ts';
import type { Views } from './cell.ts';
import { clusterOrder } from './order.ts';

export interface Cell {
  id: string;
  target: string;
  row: TransferRow | undefined;
  isOwn: boolean;
  views: Views;
  said: string;
}

/** The fragment that names a cell. */
export const cellId = (plate: string, target: string) => `cell-${plate}-${target}`;

/** Seeds are compared up to so far apart. */
const WIDEST = 0.2;
/** A ratio less noise beyond this is drawn as this. */
const MOST_LESS = 0.7;

/** Plates that differ in their seed alone. */
const recipeOf = ({ entry, record }: Plate) =>
  JSON.stringify([entry.surrogates, entry.attack, entry.norm, entry.epsilon, record.settings, record.crafting.photos]);

export function cellsOf(atlas: Atlas): Cell[][] {
  const recipes = Map.groupBy(atlas.plates, recipeOf);
  return atlas.plates.map((plate) =>
    atlas.targets.map((target) => {
      const ratioOn = ({ record }: Plate) => record.fooling.evaluation.find((one) => one.target === target);
      const row = ratioOn(plate);
      const ratios = recipes.get(recipeOf(plate))!.flatMap((one) => ratioOn(one)?.ratio ?? []);
      const isOwn = plate.entry.surrogates.includes(target);
      return {
        ...{ id: cellId(plate.id, target), target, row, isOwn, said: row ? saidOf(atlas, plate, row) : '' },
        views: {
          ratio: row ? { text: percent(row.ratio, 0), below: interval(row, 0), shade: shadeOf(row.ratio) } : null,
          less: row
            ? {
                text: points(row.ratio - row.noise),
                below: `noise ${percent(row.noise, 0)}`,
                shade: shadeOf((row.ratio - row.noise) / MOST_LESS),
              }
            : null,
          spread: row && ratios.length > 1 ? spreadOf(ratios) : null,
        },
      };
    }),
  );
}

const points = (value: number) => `${value < 0 ? '\u2212' : '+'}${Math.abs(100 * value).toFixed(0)}`;

function spreadOf(ratios: number[]) {
  const [low, high] = [Math.min(...ratios), Math.max(...ratios)];
  const below = `${(100 * low).toFixed(0)}\u2013${percent(high, 0)}`;
  return { text: (100 * (high - low)).toFixed(0), below, shade: shadeOf((high - low) / WIDEST, false) };
}

function saidOf({ titleOf }: Atlas, plate: Plate, row: TransferRow): string {
  const what = plate.entry.surrogates.length ? `crafted on ${plate.title}` : plate.entry.attack;
  return `Plate ${plate.number}, ${what}, fools ${titleOf(row.target)} on ${row.fooled} of ${row.photos} photographs: ${percent(row.ratio)}, 95 % interval ${interval(row)}. Noise of the same bound: ${percent(row.noise)}.`;
}

/** Places of rows or columns in each order. */
export type Orders = Record<'name' | 'mean' | 'likeness', number[]>;

export function ordersOf(names: readonly string[], vectors: readonly (readonly (number | null)[])[]): Orders {
  const mean = (values: readonly (number | null)[]) => {
    const known = values.filter((value) => value !== null);
    return known.length === 0 ? -1 : known.reduce((sum, value) => sum + value, 0) / known.length;
  };
  const means = vectors.map(mean);
  const all = [...names.keys()];
  const collator = new Intl.Collator('en', { numeric: true });
  return {
    name: placesOf(all.toSorted((a, b) => collator.compare(names[a], names[b]) || a - b)),
    mean: placesOf(all.toSorted((a, b) => means[b] - means[a] || a - b)),
    likeness: placesOf(clusterOrder(vectors)),
  };
}

/** From what stands at each place to the place of each. */
function placesOf(order: readonly number[]): number[] {
  const places: number[] = [];
  for (const [place, i] of order.entries()) places[i] = place;
  return places;
}
