/** What every target says of every evaluation photo, clean and perturbed: all other tables can be counted from it. */
import { labelOf } from '#shared/metrics';
import { common } from './columns.ts';
import { finding } from './finding.ts';
import { cellsOf, wholeGridOf } from './grid.ts';
import { changedBy } from './measurement.ts';

/** One photo on one target, clean and perturbed. */
export interface PredictionRow {
  perturbation: string;
  target: string;
  photo: string;
  clean: number;
  clean_label: string;
  clean_probability: number;
  perturbed: number;
  perturbed_label: string;
  perturbed_probability: number;
  fooled: boolean;
}

export const predictions = finding({
  name: 'predictions',
  title: 'Every evaluation photo on every model, clean and perturbed',
  source: import.meta.url,
  byDefault: true,
  columns: [
    common.perturbation,
    common.predicts,
    { name: 'photo', type: 'STRING', description: 'File name of the photo' },
    { name: 'clean', type: 'INT32', description: 'Predicted class index without the perturbation' },
    { name: 'clean_label', type: 'STRING', description: 'Its label' },
    { name: 'clean_probability', type: 'DOUBLE', description: 'Its probability' },
    { name: 'perturbed', type: 'INT32', description: 'Predicted class index with the perturbation' },
    { name: 'perturbed_label', type: 'STRING', description: 'Its label' },
    { name: 'perturbed_probability', type: 'DOUBLE', description: 'Its probability' },
    {
      name: 'fooled',
      type: 'BOOLEAN',
      description: 'Whether the two class indices differ, and the second is not that of "tampered with"',
    },
  ],
  needs: wholeGridOf,
  async rows(grid) {
    const { names } = grid.evaluation.result;
    const rows: PredictionRow[] = [];
    for await (const { perturbation, target, clean, perturbed } of cellsOf(grid)) {
      const fooled = changedBy(clean, perturbed);
      names.forEach((photo, i) => {
        rows.push({
          perturbation: perturbation.id,
          target: target.id,
          photo,
          clean: clean.labels[i],
          clean_label: labelOf(target.labels, clean.labels[i]),
          clean_probability: clean.probabilities[i],
          perturbed: perturbed.labels[i],
          perturbed_label: labelOf(target.labels, perturbed.labels[i]),
          perturbed_probability: perturbed.probabilities[i],
          fooled: fooled[i],
        });
      });
    }
    return rows;
  },
});
