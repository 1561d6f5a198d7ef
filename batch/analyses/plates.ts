import { type HardenedTarget, isPattern, type StudyJobs, type StudyPerturbation } from './finding.ts';

/** Those that were crafted, or that others made. */
export const craftedIn = ({ perturbations }: StudyJobs): StudyPerturbation[] =>
  perturbations.filter((one) => !isPattern(one));

/** Whether a crafted perturbation is one that a hardened network has not learnt from. */
export const isHeldOut = ({ learnt }: HardenedTarget, one: StudyPerturbation): boolean =>
  !isPattern(one) && !learnt.some(({ id }) => id === one.id);

/** Those that a hardened network can learn from: crafted on models alone. */
export const learnableIn = (study: StudyJobs): StudyPerturbation[] =>
  craftedIn(study).filter(
    ({ surrogates }) =>
      surrogates.length > 0 && surrogates.every((id) => study.models.some((model) => model.id === id)),
  );

/**
 * Perturbations in the order in which they are taken to try a hardened network with: those that were crafted on the
 * network that it was made from and held out, the others that were crafted on it, others that were held out, the rest.
 */
export function platesFor(study: StudyJobs, target: HardenedTarget): StudyPerturbation[] {
  const crafted = craftedIn(study);
  const isUnknown = (one: StudyPerturbation) => isHeldOut(target, one);
  const own = crafted.filter(({ surrogates }) => surrogates.join() === target.network.id);
  return [...new Set([...own.filter(isUnknown), ...own, ...crafted.filter(isUnknown), ...crafted])];
}
