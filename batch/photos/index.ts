/** Photos from folders to canvases in memory. */
export { codecs } from './codecs.ts';
export { type LoadOptions, loadPhotos, type PhotoSet, type Skipped } from './load.ts';
export { inHashOrder, splitPhotos } from './split.ts';
