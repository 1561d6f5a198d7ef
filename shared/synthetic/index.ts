/** What is drawn from a seed: random numbers, and pictures that no camera took. */
export { augmented, meanColour, normalNoise, rangeDeviations, type Square } from './augment.ts';
export { cropOf } from './crops.ts';
export { isSynthetic, paintJigsaw, type SyntheticKind, syntheticKinds, syntheticPictures } from './pictures.ts';
export { between, type GaborParameters, gabor, type PerlinParameters, perlin } from './procedural.ts';
export { radialSpectrum } from './radial.ts';
export { type Random, random } from './random.ts';
export { rearranged } from './rearranged.ts';
export { type VariantKind, variantOf } from './variants.ts';
