/**
 * Three findings about the decision boundary begin with the same: the normals of it next to crafting photos, found by
 * DeepFool. S.-M. Moosavi-Dezfooli, A. Fawzi, O. Fawzi, P. Frossard, "Universal adversarial perturbations", CVPR 2017,
 * arXiv 1610.08401, section 4.
 */
import type { StudyJobs, Target } from './finding.ts';

/** Of the random directions. */
export const boundarySeed = 1;

/** Crafting photos. A light study looks at the boundary of its first network, next to a few. */
const photos = { light: 16, whole: 200 };
const lightTargets = 1;

/** The networks that something was crafted on, and the normals of each. */
export const boundariesOf = (study: StudyJobs) =>
  study.models
    .filter(({ id }) => study.perturbations.some(({ surrogates }) => surrogates.includes(id)))
    .slice(0, study.effort === 'light' ? lightTargets : undefined)
    .map((target) => ({ target, normals: normalsOf(study, target) }));

const normalsOf = (study: StudyJobs, target: Target) =>
  study.probes.normals(target, { photos: photos[study.effort], seed: boundarySeed });
