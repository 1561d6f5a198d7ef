/** The attacks, one file each, and the one way to run them. */

export type { Attack, Paper } from './attack.ts';
export { gradientLimit } from './budget.ts';
export { checkTarget } from './check.ts';
export { craftWith } from './craft.ts';
export { type DeepFooled, deepFool, networkOn } from './deepfool.ts';
export { citation, describeSettings, parseSettings } from './describe.ts';
export { type Graphs, surrogateWork } from './graphs.ts';
export { type GrowthPoint, growthSide } from './growth.ts';
export { blocksRecipe, controlRecipe, isControl, noiseControl } from './noise.ts';
export { type CraftFacts, craftRecord } from './record.ts';
export { attacks, checkCraft, craft, findAttack } from './table.ts';
export type { Checkpoints, Crafted, CraftProgress, CraftTask, Surrogate } from './types.ts';
export { cleanItems } from './views.ts';
