/** Photos as canvases in memory: which craft and which evaluate, which look alike, and the identity of a set. */
export { alike, type Fingerprint, fingerprintsOf } from './alike.ts';
export { photosSha256 } from './identity.ts';
export { type Groups, type Half, halves, inHashOrder, splitPhotos } from './split.ts';
