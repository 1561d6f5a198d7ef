/** What `<atlas-own-network>` knows of the release. */
import { photoId } from '#shared/release';
import imageNet from '../zoo/starter/models/imagenet-classes.json?url';
import type { OwnData } from './own-network/data.ts';
import { nameOfPhoto } from './photos/names.ts';
import { type Atlas, dataUrl } from './release.ts';

export const ownData = ({ manifest }: Atlas): OwnData => ({
  ...{ canvas: manifest.canvas, fit: manifest.fit ?? 'crop', imageNet },
  photos: manifest.photos.map(({ file, key, label, subject }) => ({
    id: photoId(file),
    name: nameOfPhoto(file, { manifest }),
    url: dataUrl(key),
    labels: subject?.labels ?? (label === undefined ? [] : [label]),
  })),
});
