/** Loaded by threads that run on WebGPU alone: the others need nothing of graphs. */
export { fileForGpu } from '#shared/graph';
