/** Every perturbation on every target: what most findings begin with. */
import type { Outputs } from '../jobs/index.ts';
import type { StudyJobs, StudyPerturbation, Target } from './finding.ts';
import type { Measurement } from './measurement.ts';
import { readMeasurement } from './outputs.ts';

/** How a perturbation is made, without what a study keeps beside it: jobs depend on no more. */
export function plain(perturbation: StudyPerturbation): StudyPerturbation {
  const { id, attack, norm, epsilon, seed, surrogates, recipe } = perturbation;
  return { id, attack, norm, epsilon, seed, surrogates: [...surrogates], recipe };
}

/** The jobs of it, for a finding's `needs`: on the models, or on all that `targets` has. */
export const gridOf = (study: StudyJobs, targets: readonly Target[] = study.models) => ({
  evaluation: study.evaluation,
  classes: study.classes,
  targets: targets.map(({ id, classes, labels, wnids }) => {
    const target: Target = { id, classes, labels, wnids };
    return { ...target, clean: study.measured(target, null) };
  }),
  perturbations: study.perturbations.map(plain),
  /** By perturbation, then by target. */
  measured: study.perturbations.map((perturbation) => targets.map((target) => study.measured(target, perturbation))),
  noise: study.perturbations.map((perturbation) =>
    targets.map((target) => study.measured(target, study.control(perturbation))),
  ),
});

/** The same, on hardened networks too: for tables that count them as an attacker would. */
export const wholeGridOf = (study: StudyJobs) => gridOf(study, study.targets);

export type Grid = Outputs<ReturnType<typeof gridOf>>;

export interface GridCell {
  perturbation: StudyPerturbation;
  target: Target;
  /** The target's predictions of the same photos: as they are, with the perturbation, and with the noise control. */
  clean: Measurement;
  perturbed: Measurement;
  noise: Measurement;
}

/** Cell by cell, the targets of each perturbation after each other. */
export async function* cellsOf(grid: Grid): AsyncGenerator<GridCell> {
  for (const [i, perturbation] of grid.perturbations.entries()) {
    for (const [k, target] of grid.targets.entries()) {
      yield {
        perturbation,
        target,
        clean: await readMeasurement(target.clean),
        perturbed: await readMeasurement(grid.measured[i][k]),
        noise: await readMeasurement(grid.noise[i][k]),
      };
    }
  }
}

/**
 * The true class of each photo in a target's own order of classes, from the WordNet ids that file names start with;
 * null where it is not known.
 *
 * @param classes WordNet id by class index, for targets that do not say their own.
 */
export function truthOf(
  names: readonly string[],
  { wnids }: Pick<Target, 'wnids'>,
  classes: readonly (string | null)[],
): (number | null)[] {
  const own = wnids?.some((wnid) => wnid) ? wnids : classes;
  const indices = new Map(own.map((wnid, index) => [wnid, index]));
  return names.map((name) => {
    const wnid = /^n\d{8}/.exec(name)?.[0];
    return wnid === undefined ? null : (indices.get(wnid) ?? null);
  });
}
