/** Reading releases from R2. Keys come from the manifest and are never guessed. */
export { mediaTypeOf } from './media-types.ts';
export { currentRelease, labelsOf, modelBytes, perturbationValues, recordOf } from './release.ts';
