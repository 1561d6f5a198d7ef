/** Arrays, perturbations among them, from files of other people's making. Nothing in a file is ever run. */
export {
  boundOf,
  type Layout,
  layouts,
  type Order,
  orders,
  type PerturbationFile,
  perturbationFiles,
  readPerturbation,
} from './perturbation.ts';
export { readArrays } from './read.ts';
