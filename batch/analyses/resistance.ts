/** Resistance: which photos give way to perturbations and which do not, and how sure each model was of them before. */
import { labelOf } from '#shared/metrics';
import { common } from './columns.ts';
import { finding, isPattern, type StudyJobs } from './finding.ts';
import { gridOf } from './grid.ts';
import { changedBy, type Measurement } from './measurement.ts';
import { readMeasurement } from './outputs.ts';

export interface ResistanceRow {
  photo: string;
  target: string;
  label: string;
  probability: number;
  perturbations: number;
  fooled_by: number;
  own: number;
  fooled_by_own: number;
  noises: number;
  fooled_by_noise: number;
}

/** What a photo is put through on one model. */
export interface Tries {
  clean: Measurement;
  /** Crafted perturbations. */
  crafted: { isOwn: boolean; measured: Measurement }[];
  /** Draws of noise, each once. */
  noises: Measurement[];
}

/** Counts for each photo. */
export function resistances({ clean, crafted, noises }: Tries) {
  const ofCrafted = crafted.map(({ isOwn, measured }) => ({ isOwn, fooled: changedBy(clean, measured) }));
  const ofNoises = noises.map((noise) => changedBy(clean, noise));
  return Array.from(clean.labels, (_, i) => {
    const own = ofCrafted.filter(({ isOwn }) => isOwn);
    return {
      probability: clean.probabilities[i],
      perturbations: crafted.length,
      fooled_by: ofCrafted.filter(({ fooled }) => fooled[i]).length,
      own: own.length,
      fooled_by_own: own.filter(({ fooled }) => fooled[i]).length,
      noises: noises.length,
      fooled_by_noise: ofNoises.filter((fooled) => fooled[i]).length,
    };
  });
}

export const triesOf = (study: StudyJobs) => ({ ...gridOf(study), controls: controlsOf(study) });

/** For each perturbation the place of the first that has the same noise beside it. */
const controlsOf = (study: StudyJobs): number[] => {
  const ids = study.perturbations.map((perturbation) => study.control(perturbation).id);
  return ids.map((id) => ids.indexOf(id));
};

export const resistance = finding({
  name: 'resistance',
  title: 'Every evaluation photo on every model: by how many perturbations it is fooled',
  source: import.meta.url,
  byDefault: false,
  columns: [
    { name: 'photo', type: 'STRING', description: 'File name of the photo' },
    common.predicts,
    { name: 'label', type: 'STRING', description: 'Its label without a perturbation' },
    { name: 'probability', type: 'DOUBLE', description: 'The probability of that' },
    { name: 'perturbations', type: 'INT32', description: 'Crafted perturbations that were tried' },
    { name: 'fooled_by', type: 'INT32', description: 'How many of them change the label' },
    { name: 'own', type: 'INT32', description: 'Those among them that were crafted on this model' },
    { name: 'fooled_by_own', type: 'INT32', description: 'How many of those change the label' },
    { name: 'noises', type: 'INT32', description: 'Draws of noise of the same bounds that were tried' },
    { name: 'fooled_by_noise', type: 'INT32', description: 'How many of those change the label' },
  ],
  needs: triesOf,
  async rows({ evaluation, targets, perturbations, measured, noise, controls }) {
    const rows: ResistanceRow[] = [];
    for (const [k, target] of targets.entries()) {
      const clean = await readMeasurement(target.clean);
      const tries: Tries = { clean, crafted: [], noises: [] };
      for (const [i, perturbation] of perturbations.entries()) {
        if (controls[i] === i) tries.noises.push(await readMeasurement(noise[i][k]));
        if (isPattern(perturbation)) continue;
        const isOwn = perturbation.surrogates.includes(target.id);
        tries.crafted.push({ isOwn, measured: await readMeasurement(measured[i][k]) });
      }
      resistances(tries).forEach((counts, i) => {
        const label = labelOf(target.labels, clean.labels[i]);
        rows.push({ photo: evaluation.result.names[i], target: target.id, label, ...counts });
      });
    }
    return rows;
  },
  says(rows) {
    const photos = [...Map.groupBy(rows, ({ photo }) => photo).values()];
    const always = photos.filter((of) => of.every((row) => row.own > 0 && row.fooled_by_own === row.own)).length;
    const never = photos.filter((of) => of.every((row) => row.fooled_by_own === 0)).length;
    return `${always} of ${photos.length} photos are fooled on every model by all of its own perturbations, ${never} on none by any.`;
  },
});
