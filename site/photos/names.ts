import { photoName } from '../format.ts';
import { type Atlas, loadAtlas } from '../release.ts';

const known = new WeakMap<Atlas['manifest'], Map<string, string>>();

/**
 * What a photo shows, in words that can be read aloud ("an alpaca"); of one whose credits do not say that, what its
 * file is called.
 */
export function nameOfPhoto(file: string, { manifest }: Pick<Atlas, 'manifest'> = loadAtlas()): string {
  const names =
    known.get(manifest) ??
    new Map(manifest.photos.flatMap((one) => (one.subject ? [[one.file, one.subject.shows] as const] : [])));
  known.set(manifest, names);
  return names.get(file) ?? photoName(file);
}
