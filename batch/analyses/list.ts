/** Every finding, one line each: all else that there is of a finding follows from its own file. */
export { concentration } from './concentration.ts';
export { controls } from './controls.ts';
export { diversity } from './diversity.ts';
export { dominance } from './dominance.ts';
export { flow } from './flow.ts';
export { perturbations } from './perturbations.ts';
export { predictions } from './predictions.ts';
export { predictors } from './predictors.ts';
export { resistance } from './resistance.ts';
export { roles } from './roles.ts';
export { saturation } from './saturation.ts';
export { seeds } from './seeds.ts';
export { strength } from './strength.ts';
export { sweep } from './sweep.ts';
export { transfer } from './transfer.ts';
