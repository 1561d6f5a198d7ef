/**
 * The only room of batch that touches onnxruntime: worker threads that run models, and sum gradients the same way
 * however many they are.
 */
export { type Collected, type CollectTask, collect } from './collect.ts';
export { type ComputeOptions, openCompute } from './open.ts';
export { openOnce } from './open-once.ts';
export { chooseProvider } from './providers.ts';
