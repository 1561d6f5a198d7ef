import type { StudyPerturbation } from './finding.ts';

/** The crafted ones, of several seeds the lowest: what costs many measurements each is done with those. */
export function firstSeeds(perturbations: readonly StudyPerturbation[]): StudyPerturbation[] {
  const crafted = perturbations.filter(({ surrogates }) => surrogates.length > 0);
  return [...Map.groupBy(crafted, ({ recipe }) => recipe).values()].map((of) =>
    of.reduce((first, one) => (one.seed < first.seed ? one : first)),
  );
}
