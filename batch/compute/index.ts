/**
 * The only room that touches onnxruntime: worker threads that run models, and sum gradients the same way however many
 * they are.
 */
export { type Collected, type CollectTask, collect } from './collect.ts';
export {
  type ClassGradientsTask,
  type Compute,
  type ComputeOptions,
  type GradientTask,
  type LogitsTask,
  openCompute,
  sharedFloats,
} from './compute.ts';
export { openOnce } from './open-once.ts';
export { ComputeError } from './pool.ts';
export type { Item, PixelRule, Pixels, Program, Table } from './protocol.ts';
export { chooseProvider } from './providers.ts';
