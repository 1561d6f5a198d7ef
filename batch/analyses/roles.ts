/**
 * Who gives and who takes: what perturbations of a model do to the other models, and what theirs do to it. Their
 * difference is the asymmetry of transfer: it is not a property of a pair of models alone.
 */
import { meanAndDeviation } from '#shared/metrics';
import { finding } from './finding.ts';
import { cellsOf, gridOf } from './grid.ts';
import { foolingOf } from './measurement.ts';
import { percent } from './words.ts';

export interface RoleRow {
  model: string;
  own: number | null;
  gives: number | null;
  gives_above_noise: number | null;
  takes: number | null;
  takes_above_noise: number | null;
  asymmetry: number | null;
}

export interface RoleCell {
  /** Models it was crafted on. */
  surrogates: readonly string[];
  target: string;
  ratio: number;
  noise: number;
}

/** What a model gives and takes. Perturbations of several models at once count for neither. */
export function roleRow(model: string, cells: readonly RoleCell[]): RoleRow {
  const of = (from: (surrogate: string) => boolean, on: (target: string) => boolean) =>
    cells.filter(({ surrogates, target }) => surrogates.length === 1 && from(surrogates[0]) && on(target));
  const isIt = (id: string) => id === model;
  const isOther = (id: string) => id !== model;
  const mean = (some: RoleCell[], value: (cell: RoleCell) => number) =>
    some.length > 0 ? meanAndDeviation(some.map(value)).mean : null;
  const [given, taken] = [of(isIt, isOther), of(isOther, isIt)];
  const gives = mean(given, ({ ratio }) => ratio);
  const takes = mean(taken, ({ ratio }) => ratio);
  return {
    model,
    own: mean(of(isIt, isIt), ({ ratio }) => ratio),
    gives,
    gives_above_noise: mean(given, ({ ratio, noise }) => ratio - noise),
    takes,
    takes_above_noise: mean(taken, ({ ratio, noise }) => ratio - noise),
    asymmetry: gives === null || takes === null ? null : gives - takes,
  };
}

const share = (name: keyof RoleRow, description: string) =>
  ({ name, type: 'DOUBLE', nullable: true, description }) as const;

export const roles = finding({
  name: 'roles',
  title: 'Whose perturbations fool the other models, and which models give way to theirs',
  source: import.meta.url,
  byDefault: false,
  columns: [
    { name: 'model', type: 'STRING', description: 'A model of the study' },
    share('own', 'Mean fooling ratio of perturbations crafted on it, on itself; null where there are none'),
    share('gives', 'The same, mean over the other models'),
    share('gives_above_noise', 'The same, less noise of the same bound'),
    share('takes', 'Mean fooling ratio on it of perturbations crafted on one of the others'),
    share('takes_above_noise', 'The same, less noise of the same bound'),
    share('asymmetry', 'gives less takes: positive for a model that fools others more than they fool it'),
  ],
  needs: gridOf,
  async rows(grid) {
    const cells: RoleCell[] = [];
    const ids = grid.targets.map(({ id }) => id);
    for await (const { perturbation, target, clean, perturbed, noise } of cellsOf(grid)) {
      // What was crafted on a hardened network is of none of them.
      if (!perturbation.surrogates.every((surrogate) => ids.includes(surrogate))) continue;
      cells.push({
        ...{ surrogates: perturbation.surrogates, target: target.id },
        ratio: foolingOf(clean, perturbed).ratio,
        noise: foolingOf(clean, noise).ratio,
      });
    }
    return grid.targets.map(({ id }) => roleRow(id, cells));
  },
  says(rows) {
    const most = (value: (row: RoleRow) => number | null) =>
      rows.reduce((best, row) => ((value(row) ?? -2) > (value(best) ?? -2) ? row : best));
    const [giver, taker] = [most(({ gives }) => gives), most(({ takes }) => takes)];
    if (giver?.gives == null || taker?.takes == null) return null;
    return `Perturbations of ${giver.model} fool the other models most, ${percent(giver.gives)} on average; ${taker.model} gives way to those of others most, ${percent(taker.takes)}.`;
  },
});
