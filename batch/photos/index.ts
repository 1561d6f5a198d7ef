/** Photos from folders to canvases in memory. */
export { codecs } from './codecs.ts';
export { type LoadOptions, loadPhotos, type PhotoSet, type Skipped } from './load.ts';
export { splitPhotos } from './split.ts';
