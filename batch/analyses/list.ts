/** Every finding, one line each: all else that there is of a finding follows from its own file. */
export { controls } from './controls.ts';
export { dominance } from './dominance.ts';
export { perturbations } from './perturbations.ts';
export { predictions } from './predictions.ts';
export { transfer } from './transfer.ts';
