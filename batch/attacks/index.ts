/** The attacks, one file each, and the one way to run them. */

export { type Random, random } from '../synthetic/index.ts';
export type { Attack, Paper } from './attack.ts';
export { craftWith } from './craft.ts';
export { citation, describeSettings, parseSettings } from './describe.ts';
export { mostGradients } from './drive.ts';
export { type Distribution, distributions, noise, noiseControl } from './noise.ts';
export { attacks, craft, findAttack } from './table.ts';
export type { Checkpoints, Crafted, CraftProgress, CraftTask, CurvePoint, Surrogate } from './types.ts';
