import { type HardenedTarget, isPattern, type StudyJobs, type StudyPerturbation } from './finding.ts';

/** Those that were crafted, or that others made. */
export const craftedIn = ({ perturbations }: StudyJobs): StudyPerturbation[] =>
  perturbations.filter((one) => !isPattern(one));

/**
 * Perturbations in the order in which they are taken to try a hardened network with: those that were crafted on the
 * network that it was made from and held out, the others that were crafted on it, others that were held out, the rest.
 */
export function platesFor(study: StudyJobs, { network, learnt }: HardenedTarget): StudyPerturbation[] {
  const crafted = craftedIn(study);
  const isHeldOut = ({ id }: StudyPerturbation) => !learnt.some((one) => one.id === id);
  const own = crafted.filter(({ surrogates }) => surrogates.join() === network.id);
  return [...new Set([...own.filter(isHeldOut), ...own, ...crafted.filter(isHeldOut), ...crafted])];
}
