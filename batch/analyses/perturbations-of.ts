import { isPattern, type StudyPerturbation } from './finding.ts';

/** The crafted ones, of several seeds the lowest: what costs many measurements each is done with those. */
export function firstSeeds(perturbations: readonly StudyPerturbation[]): StudyPerturbation[] {
  const crafted = perturbations.filter(({ surrogates }) => surrogates.length > 0);
  return [...Map.groupBy(crafted, ({ recipe }) => recipe).values()].map((of) =>
    of.reduce((first, one) => (one.seed < first.seed ? one : first)),
  );
}

/** Of those the ones that were crafted on a model; and what others made, of which nobody knows on what. */
export function meantFor(perturbations: readonly StudyPerturbation[], model: string): StudyPerturbation[] {
  const unknown = perturbations.filter((one) => one.surrogates.length === 0 && !isPattern(one));
  return [...firstSeeds(perturbations).filter(({ surrogates }) => surrogates.includes(model)), ...unknown];
}
