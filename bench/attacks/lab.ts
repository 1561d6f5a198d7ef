/** What every part of the benchmark works with: models, photos and the cells of tables. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { splitPhotos } from '#shared/photos';
import { loadPhotos } from '../../batch/photos/index.ts';
import { Bench, type MeasuredCell, type Photos, type Recipe } from './cells.ts';

export interface Options {
  /** Folder with models/ and images/. */
  data: string;
  cache: string;
  models: string[];
  attacks: string[] | null;
  seeds: number[];
  gradients: number;
  long: number;
  /** A Python with torch, onnx2torch and adversarial-robustness-toolbox. */
  torch: string | null;
  /** Settings that each attack is tuned over, its defaults among them, and the models that it is tuned on. */
  tries: number;
  tuneOn: string[];
}

export interface Lab {
  options: Options;
  bench: Bench;
  /** The half of the photos that craft, and the other. */
  crafting: Photos;
  evaluation: Photos;
  /** Pictures from a seed in place of photos: as many, or several times as many to pick from. */
  synthetic(times?: number): Promise<Photos>;
}

export async function openLab(options: Options, signal?: AbortSignal): Promise<Lab> {
  const set = await loadPhotos([join(options.data, 'images')], { canvas: 224 });
  const { crafting, evaluation } = splitPhotos(set.names, set.groups);
  const drawn = new Map<number, Promise<Photos>>();
  const synthetic = (times = 1) => {
    const found = drawn.get(times) ?? whole('synthetic', `synthetic:${times * crafting.length}`);
    drawn.set(times, found);
    return found;
  };
  return {
    options,
    bench: await Bench.open(options.cache, signal),
    crafting: { name: 'crafting', set, indices: crafting },
    evaluation: { name: 'evaluation', set, indices: evaluation },
    synthetic,
  };
}

/** Every photo of a source. */
export async function whole(name: string, source: string): Promise<Photos> {
  const set = await loadPhotos([source], { canvas: 224 });
  return { name, set, indices: set.names.map((_, index) => index) };
}

/** A card of the data folder, or an id of the zoo. */
export function cardOf({ options: { data } }: { options: Pick<Options, 'data'> }, model: string): string {
  const card = join(data, 'models', `${model}.json`);
  return existsSync(card) ? card : model;
}

export interface Seeds {
  ratios: number[];
  cells: MeasuredCell[];
}

/** One recipe with every seed, measured on one target. */
export async function overSeeds(
  lab: Lab,
  recipe: Omit<Recipe, 'seed'>,
  target: string,
  evaluation = lab.evaluation,
): Promise<Seeds> {
  const found: Seeds = { ratios: [], cells: [] };
  for (const seed of lab.options.seeds) {
    const cell = await lab.bench.cell({ ...recipe, seed }, target, evaluation);
    found.cells.push(cell);
    found.ratios.push(cell.ratio);
  }
  return found;
}

export const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);

/** "88.1 (87.5 to 89.0)": mean and range of ratios, in per cent. */
export function percents(ratios: number[]): string {
  const all = ratios.map((ratio) => 100 * ratio);
  const range = ratios.length > 1 ? ` (${Math.min(...all).toFixed(1)} to ${Math.max(...all).toFixed(1)})` : '';
  return `${mean(all).toFixed(1)}${range}`;
}

export const seconds = (cells: MeasuredCell[]) => mean(cells.map((cell) => cell.seconds)).toFixed(0);

export function printTable(title: string, head: string[], rows: string[][]): void {
  console.log(`\n${title}\n`);
  console.log(`| ${head.join(' | ')} |`);
  console.log(`|${head.map(() => '---').join('|')}|`);
  for (const row of rows) console.log(`| ${row.join(' | ')} |`);
}
