/** Perturbations from wherever they lie: releases, folders, files. */
export { type FoundPerturbation, readPerturbations } from './read.ts';
