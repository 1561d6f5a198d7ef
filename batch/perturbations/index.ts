/** Perturbations from wherever they lie: releases, folders, files. */
export { knownPerturbations } from './known.ts';
