/** Reading releases from R2. Keys come from the manifest and are never guessed. */
export { labelsOf, modelBytes, perturbationValues, photoBytes, recordOf, transferRows } from './content.ts';
export { patternsOf } from './patterns.ts';
export { currentRelease, publishedReleases, releaseOf } from './releases.ts';
