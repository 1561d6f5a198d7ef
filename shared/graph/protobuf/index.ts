export { readModel } from './read.ts';
export type { ExternalData } from './tensors.ts';
export { writeModel } from './write.ts';
