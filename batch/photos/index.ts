/** Photos from folders to canvases in memory. */

export { type Alteration, altered } from './altered.ts';
export { blurred } from './blurred.ts';
export { codecs } from './codecs.ts';
export { groupsFile, groupsIn } from './groups.ts';
export { throughJpeg } from './jpeg.ts';
export { type LoadOptions, loadPhotos, type PhotoSet, type Skipped } from './load.ts';
export { resampled } from './resampled.ts';
export { type Picture, picturesIn } from './tree.ts';
