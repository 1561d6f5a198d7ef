/** What is drawn from a seed: random numbers, and pictures that no camera took. */

export { cropOf } from './crops.ts';
export { isSynthetic, type SyntheticKind, syntheticKinds, syntheticPictures } from './pictures.ts';
export { type Random, random } from './random.ts';
