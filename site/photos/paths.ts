import { type Manifest, photoId } from '#shared/release';

/** The address of a photo's page. */
export const photoUrl = (file: string) => `/photos/${encodeURIComponent(photoId(file))}/`;

/** Photos by the id of their page; the first of those that share one. */
export const photosById = (photos: Manifest['photos']) =>
  new Map([...photos].reverse().map((photo) => [photoId(photo.file), photo]));
