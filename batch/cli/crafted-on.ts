/** Whether photos are ones that a perturbation was crafted on, from the record beside it. */
import { z } from 'zod';
import { alike, fingerprintsOf, splitPhotos } from '#shared/photos';
import { recordBeside } from '../arrays/index.ts';
import type { PhotoSet } from '../photos/index.ts';

const MOST_PHOTOS = 100_000;

/** Of a `craft.json`, or of a release's `record.json`, which has no fingerprints. */
const record = z.object({
  crafting: z.object({
    sha256: z.string(),
    fingerprints: z.array(z.string().nullable()).max(MOST_PHOTOS).optional(),
  }),
});

/**
 * Those of the photos that the perturbation was crafted on, as far as the record beside its file tells: by what they
 * look like, and by the hash of the whole set or of its crafting half, which is what a study crafts on.
 *
 * @param file The perturbation's file.
 * @returns Indices; none where there is no record, or one that is not ours.
 */
export async function craftedOn(file: string, photos: PhotoSet): Promise<number[]> {
  const { data } = record.safeParse(await recordBeside(file));
  if (!data) return [];
  const { sha256, fingerprints = [] } = data.crafting;
  const found = new Set(alike(fingerprintsOf(photos.pixels, photos.size), fingerprints).map(([index]) => index));
  const all = photos.names.map((_, index) => index);
  const { crafting } = splitPhotos(photos.names, photos.groups);
  for (const set of [all, crafting]) {
    if (photos.sha256(set) === sha256) for (const index of set) found.add(index);
  }
  return [...found].sort((a, b) => a - b);
}

/** A sentence for people. @param seen As `craftedOn` found them. */
export function craftedOnText(seen: readonly number[], { names }: PhotoSet): string {
  const named = seen.slice(0, 3).map((index) => names[index]);
  const more = seen.length > named.length ? ', …' : '';
  return `Warning: the perturbation was crafted on ${seen.length} of these ${names.length} photos (${named.join(', ')}${more}). A ratio on them says how well it fits its own photos, not what it does to others: measure on other photos, or with --half evaluation where it was crafted with --half crafting or by a study.`;
}
