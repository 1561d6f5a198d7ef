/** Photos from folders to canvases in memory. */

export { alike, type Fingerprint, fingerprintsOf } from './alike.ts';
export { type Alteration, altered } from './altered.ts';
export { codecs } from './codecs.ts';
export { type Groups, groupsFile, groupsIn } from './groups.ts';
export { throughJpeg } from './jpeg.ts';
export { type LoadOptions, loadPhotos, type PhotoSet, type Skipped } from './load.ts';
export { type Half, halves, inHashOrder, splitPhotos } from './split.ts';
export { type Picture, picturesIn } from './tree.ts';
