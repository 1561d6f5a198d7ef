/**
 * Dominance: the few labels that most fooled photos become. S.-M. Moosavi-Dezfooli, A. Fawzi, O. Fawzi, P. Frossard,
 * "Universal adversarial perturbations", CVPR 2017, arXiv 1610.08401, section 3.3.
 */
import { labelOf } from '#shared/metrics';
import { common } from './columns.ts';
import { finding } from './finding.ts';
import { cellsOf, gridOf } from './grid.ts';
import type { Measurement } from './measurement.ts';

/**
 * The labels that photos most often become: of the photos whose label changed, how many took each new one. Most
 * frequent first, of equally frequent ones the lower index.
 */
export function dominantLabels(
  clean: Pick<Measurement, 'labels'>,
  perturbed: Pick<Measurement, 'labels'>,
  most = 5,
): { index: number; photos: number }[] {
  const counts = new Map<number, number>();
  perturbed.labels.forEach((label, i) => {
    if (label !== clean.labels[i]) counts.set(label, (counts.get(label) ?? 0) + 1);
  });
  return [...counts]
    .map(([index, photos]) => ({ index, photos }))
    .sort((a, b) => b.photos - a.photos || a.index - b.index)
    .slice(0, most);
}

export interface DominanceRow {
  perturbation: string;
  target: string;
  rank: number;
  index: number;
  label: string;
  photos: number;
  before: number;
  after: number;
  noise: number;
}

export const dominance = finding({
  name: 'dominance',
  title: 'The labels that evaluation photos most often become, and how many have them before and after',
  source: import.meta.url,
  byDefault: true,
  columns: [
    common.perturbation,
    common.predicts,
    { name: 'rank', type: 'INT32', description: '1 for the most frequent' },
    { name: 'index', type: 'INT32', description: 'Class index that photos change to' },
    { name: 'label', type: 'STRING', description: 'Its label' },
    { name: 'photos', type: 'INT32', description: 'Evaluation photos whose label changed to it' },
    { name: 'before', type: 'INT32', description: 'Evaluation photos that have it without the perturbation' },
    { name: 'after', type: 'INT32', description: 'Those that have it with the perturbation, changed or not' },
    { name: 'noise', type: 'INT32', description: 'Those that have it with noise of the same bound' },
  ],
  needs: gridOf,
  async rows(grid) {
    const rows: DominanceRow[] = [];
    for await (const { perturbation, target, clean, perturbed, noise } of cellsOf(grid)) {
      dominantLabels(clean, perturbed).forEach(({ index, photos }, place) => {
        const label = labelOf(target.labels, index);
        const having = ({ labels }: Measurement) => labels.filter((one) => one === index).length;
        rows.push({
          ...{ perturbation: perturbation.id, target: target.id, rank: place + 1, index, label, photos },
          ...{ before: having(clean), after: having(perturbed), noise: having(noise) },
        });
      });
    }
    return rows;
  },
});
