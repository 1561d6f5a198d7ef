/**
 * Transfer over seeds: what a perturbation of one seed does may be luck. One row for each way of crafting on each model
 * that it is tried on, over all seeds that the study has of it.
 */
import { meanAndDeviation } from '#shared/metrics';
import { givenAttack } from '#shared/release';
import { common } from './columns.ts';
import { finding, type StudyPerturbation, surrogateOf } from './finding.ts';
import { cellsOf, gridOf } from './grid.ts';
import { foolingOf } from './measurement.ts';
import { percent } from './words.ts';

export interface SeedsRow {
  first: string;
  surrogate: string;
  target: string;
  attack: string;
  norm: string;
  epsilon: number;
  photos: number;
  seeds: number;
  ratio: number;
  deviation: number | null;
  lowest: number;
  highest: number;
  noise: number;
  above_noise: number;
}

interface Cell {
  perturbation: Omit<StudyPerturbation, 'seed'>;
  target: string;
  photos: number;
  ratio: number;
  noise: number;
}

/** @param cells One for each seed. */
export function seedsRow(cells: readonly Cell[]): SeedsRow {
  const [{ perturbation, target, photos }] = cells;
  const { id: first, attack, norm, epsilon } = perturbation;
  const ratios = cells.map(({ ratio }) => ratio);
  const { mean, deviation } = meanAndDeviation(ratios);
  const noise = meanAndDeviation(cells.map((cell) => cell.noise)).mean;
  return {
    ...{ first, surrogate: surrogateOf(perturbation), target, attack, norm, epsilon, photos, seeds: cells.length },
    ...{ ratio: mean, deviation, lowest: Math.min(...ratios), highest: Math.max(...ratios) },
    ...{ noise, above_noise: mean - noise },
  };
}

export const seeds = finding({
  name: 'seeds',
  title: 'Every way of crafting on every model, over its seeds',
  source: import.meta.url,
  byDefault: false,
  columns: [
    { name: 'first', type: 'STRING', description: 'Id of the first of its perturbations: the others have other seeds' },
    common.surrogate,
    { name: 'target', type: 'STRING', description: 'Model it was tried on' },
    common.attack,
    common.norm,
    common.epsilon,
    common.photos,
    { name: 'seeds', type: 'INT32', description: 'Perturbations that differ in their seed alone' },
    { name: 'ratio', type: 'DOUBLE', description: 'Mean of their fooling ratios' },
    {
      name: 'deviation',
      type: 'DOUBLE',
      nullable: true,
      description: 'Standard deviation of these ratios; null for one seed',
    },
    { name: 'lowest', type: 'DOUBLE', description: 'Ratio of the seed that fools fewest' },
    { name: 'highest', type: 'DOUBLE', description: 'Ratio of the seed that fools most' },
    { name: 'noise', type: 'DOUBLE', description: 'Mean fooling ratio of random noise of the same bound and seeds' },
    { name: 'above_noise', type: 'DOUBLE', description: 'ratio less noise' },
  ],
  needs: gridOf,
  async rows(grid) {
    const cells: Cell[] = [];
    for await (const { perturbation, target, clean, perturbed, noise } of cellsOf(grid)) {
      // Nobody knows of what others made which differ in their seed alone.
      if (perturbation.attack === givenAttack) continue;
      const { photos, ratio } = foolingOf(clean, perturbed);
      const ofNoise = foolingOf(clean, noise).ratio;
      cells.push({ perturbation, target: target.id, photos, ratio, noise: ofNoise });
    }
    return [...Map.groupBy(cells, ({ perturbation, target }) => `${perturbation.recipe} ${target}`).values()].map(
      seedsRow,
    );
  },
  says(rows) {
    const crafted = rows.filter(({ surrogate, seeds }) => surrogate !== 'none' && seeds > 1);
    if (crafted.length === 0) return null;
    const widest = crafted.reduce((most, row) => (row.highest - row.lowest > most.highest - most.lowest ? row : most));
    return `Over ${widest.seeds} seeds the ratio of ${widest.attack} from ${widest.surrogate} on ${widest.target} varies most: ${percent(widest.lowest)} to ${percent(widest.highest)}.`;
  },
});
