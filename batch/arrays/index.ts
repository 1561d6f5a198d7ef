/** Arrays, perturbations among them, from files of other people's making. Nothing in a file is ever run. */
export type { Bound } from './bound.ts';
export { type Layout, layouts, type Order, orders } from './layout.ts';
export { type PerturbationFile, perturbationFiles, readPerturbation } from './perturbation.ts';
export { readArrays } from './read.ts';
export { recordBeside } from './recorded.ts';
export { parseScale, type Scale, scaleForms, scaleText } from './units.ts';
