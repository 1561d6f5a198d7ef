/**
 * Diversity: are there many universal perturbations, or one that is found again and again? Every two of a study are
 * held beside each other: as pictures, by their spectra, and by the photos that they fool. S.-M. Moosavi-Dezfooli, A.
 * Fawzi, O. Fawzi, P. Frossard, "Universal adversarial perturbations", CVPR 2017, arXiv 1610.08401, section 3.1, finds
 * normalised inner products of at most 0.1 between the perturbations of one network.
 */
import { overlap } from '#shared/metrics';
import { radialSpectrum } from '#shared/synthetic';
import { finding, isPattern, type StudyJobs } from './finding.ts';
import { changedBy, type Measurement } from './measurement.ts';
import { readMeasurement, readPerturbation } from './outputs.ts';
import { percent } from './words.ts';

export interface DiversityRow {
  a: string;
  b: string;
  target: string;
  same_recipe: boolean;
  cosine: number;
  spectrum: number;
  photos: number;
  fooled_a: number;
  fooled_b: number;
  fooled_both: number;
  jaccard: number;
  jaccard_by_chance: number;
  p: number;
  same_label: number | null;
}

const needs = (study: StudyJobs) => {
  const crafted = study.perturbations.filter((perturbation) => !isPattern(perturbation));
  return {
    canvas: study.canvas,
    targets: study.models.map((target) => ({ id: target.id, clean: study.measured(target, null) })),
    perturbations: crafted.map((perturbation) => ({
      id: perturbation.id,
      recipe: perturbation.recipe,
      crafted: study.crafted(perturbation),
      /** By target. */
      measured: study.models.map((target) => study.measured(target, perturbation)),
    })),
  };
};

/** Inner product of two lists of numbers of length 1. 0 where one of them is nothing. */
export function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    ab += a[i] * b[i];
    aa += a[i] * a[i];
    bb += b[i] * b[i];
  }
  return aa === 0 || bb === 0 ? 0 : ab / Math.sqrt(aa * bb);
}

type Labels = Pick<Measurement, 'labels'>;

/** What two perturbations do to the same photos. */
export function sharedPhotos(clean: Labels, a: Labels, b: Labels) {
  const photos = clean.labels.length;
  const [isA, isB] = [changedBy(clean, a), changedBy(clean, b)];
  const indices = Array.from({ length: photos }, (_, i) => i);
  const [byA, byB] = [isA, isB].map((is) => indices.filter((i) => is[i]));
  const both = byA.filter((i) => isB[i]);
  const { jaccard, expected, p } = overlap(photos, byA.length, byB.length, both.length);
  const agreeing = both.filter((i) => a.labels[i] === b.labels[i]).length;
  return {
    ...{ photos, fooled_a: byA.length, fooled_b: byB.length, fooled_both: both.length },
    ...{ jaccard, jaccard_by_chance: expected, p, same_label: both.length > 0 ? agreeing / both.length : null },
  };
}

export const diversity = finding({
  name: 'diversity',
  title: 'Every two perturbations beside each other: as pictures, and by the photos that they fool',
  source: import.meta.url,
  byDefault: false,
  columns: [
    { name: 'a', type: 'STRING', description: 'Id of one perturbation' },
    { name: 'b', type: 'STRING', description: 'Id of the other' },
    { name: 'target', type: 'STRING', description: 'Model that predicts' },
    { name: 'same_recipe', type: 'BOOLEAN', description: 'Whether they differ in their seed alone' },
    { name: 'cosine', type: 'DOUBLE', description: 'Their normalised inner product: 1 for the same picture' },
    {
      name: 'spectrum',
      type: 'DOUBLE',
      description: 'The same of their amplitudes by spatial frequency, direction left out',
    },
    { name: 'photos', type: 'INT32', description: 'Evaluation photos' },
    { name: 'fooled_a', type: 'INT32', description: 'Photos that a fools' },
    { name: 'fooled_b', type: 'INT32', description: 'Photos that b fools' },
    { name: 'fooled_both', type: 'INT32', description: 'Photos that both fool' },
    { name: 'jaccard', type: 'DOUBLE', description: 'fooled_both as a share of the photos that either fools' },
    {
      name: 'jaccard_by_chance',
      type: 'DOUBLE',
      description: 'What it would be on average if each fooled as many photos drawn at random',
    },
    { name: 'p', type: 'DOUBLE', description: 'How probable so many common photos would be by chance' },
    {
      name: 'same_label',
      type: 'DOUBLE',
      nullable: true,
      description: 'Of the photos that both fool, the share that both turn into the same label',
    },
  ],
  needs,
  async rows({ canvas, targets, perturbations }) {
    const pictures = await Promise.all(perturbations.map(({ crafted }) => readPerturbation(crafted)));
    const spectra = pictures.map((v) => radialSpectrum(v, canvas));
    const rows: DiversityRow[] = [];
    for (const [i, a] of perturbations.entries()) {
      for (let k = i + 1; k < perturbations.length; k++) {
        const b = perturbations[k];
        const same = {
          ...{ a: a.id, b: b.id, same_recipe: a.recipe === b.recipe },
          ...{ cosine: cosine(pictures[i], pictures[k]), spectrum: cosine(spectra[i], spectra[k]) },
        };
        for (const [t, target] of targets.entries()) {
          const [clean, byA, byB] = await Promise.all([
            readMeasurement(target.clean),
            readMeasurement(a.measured[t]),
            readMeasurement(b.measured[t]),
          ]);
          rows.push({ ...same, target: target.id, ...sharedPhotos(clean, byA, byB) });
        }
      }
    }
    return rows;
  },
  says(rows) {
    const pairs = rows.filter(({ same_recipe }) => same_recipe);
    if (pairs.length === 0) return null;
    const closest = pairs.reduce((most, row) => (Math.abs(row.cosine) > Math.abs(most.cosine) ? row : most));
    const mean = (value: (row: DiversityRow) => number) =>
      pairs.reduce((sum, row) => sum + value(row), 0) / pairs.length;
    return `Perturbations that differ in their seed alone are different pictures (inner product at most ${Math.abs(closest.cosine).toFixed(3)}) and share ${percent(mean(({ jaccard }) => jaccard))} of the photos that they fool, where chance gives ${percent(mean(({ jaccard_by_chance }) => jaccard_by_chance))}.`;
  },
});
