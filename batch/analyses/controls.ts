/**
 * Controls: what patterns without anything that crafting put there do to the same photos. A perturbation that fools no
 * more than its own phases shuffled, or than coarse noise, owes its ratio to its size and its spectrum. Sign noise
 * alone is a weak control: networks are moved more by coarse patterns than by fine ones.
 */
import { pairedTest } from '#shared/metrics';
import type { ControlRow } from '#shared/release';
import { common, interval } from './columns.ts';
import { finding, type StudyJobs } from './finding.ts';
import { changedBy, foolingOf, type Labels } from './measurement.ts';
import { readMeasurement } from './outputs.ts';

const needs = (study: StudyJobs) => ({
  targets: study.models.map((target) => ({ id: target.id, clean: study.measured(target, null) })),
  perturbations: study.perturbations.map((perturbation) => ({
    id: perturbation.id,
    /** By target. */
    measured: study.models.map((target) => study.measured(target, perturbation)),
    controls: study.controls(perturbation).map(({ kind, seed, pattern }) => ({
      ...{ kind, seed },
      measured: study.models.map((target) => study.measured(target, pattern)),
    })),
  })),
});

/** One row: predictions of the same photos as they are, with the perturbation and with the control. */
export function controlRow(
  of: Pick<ControlRow, 'perturbation' | 'target' | 'control' | 'seed'>,
  { clean, perturbed, control }: Record<'clean' | 'perturbed' | 'control', Labels>,
): ControlRow {
  const [byPerturbation, byControl] = [changedBy(clean, perturbed), changedBy(clean, control)];
  return {
    ...of,
    ...foolingOf(clean, control),
    only_perturbation: byPerturbation.filter((fooled, i) => fooled && !byControl[i]).length,
    only_control: byControl.filter((fooled, i) => fooled && !byPerturbation[i]).length,
    p: pairedTest(byPerturbation, byControl),
  };
}

export const controls = finding({
  name: 'controls',
  title: 'Every perturbation beside patterns that nothing was crafted into, of the same bound',
  source: import.meta.url,
  byDefault: true,
  columns: [
    common.perturbation,
    common.predicts,
    {
      name: 'control',
      type: 'STRING',
      description:
        '"noise": random signs (norm inf) or a random direction (norm 2) of the same bound; "blocks": a random sign for each 4 x 4 pixels of a colour; "phase-twin": values and spectrum of the perturbation, or of the one of its recipe with the lowest seed, its phases drawn at random',
    },
    { name: 'seed', type: 'INT64', description: 'Seed of this draw of the control' },
    common.photos,
    { name: 'fooled', type: 'INT32', description: 'Photos whose predicted label the control changes' },
    { name: 'ratio', type: 'DOUBLE', description: 'fooled / photos' },
    ...interval('low', 'high'),
    {
      name: 'only_perturbation',
      type: 'INT32',
      description: 'Photos that the perturbation fools and the control does not',
    },
    { name: 'only_control', type: 'INT32', description: 'Photos that the control fools and the perturbation does not' },
    {
      name: 'p',
      type: 'DOUBLE',
      description: 'Exact two-sided McNemar test of the two: how likely so uneven a split is where both fool alike',
    },
  ],
  needs,
  async rows({ targets, perturbations }) {
    const rows: ControlRow[] = [];
    for (const { id: perturbation, measured, controls } of perturbations) {
      for (const [k, { id: target, clean }] of targets.entries()) {
        const [before, perturbed] = [await readMeasurement(clean), await readMeasurement(measured[k])];
        for (const { kind, seed, measured: drawn } of controls) {
          const control = await readMeasurement(drawn[k]);
          rows.push(controlRow({ perturbation, target, control: kind, seed }, { clean: before, perturbed, control }));
        }
      }
    }
    return rows;
  },
});
