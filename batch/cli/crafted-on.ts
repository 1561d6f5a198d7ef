/** Whether photos are ones that a perturbation was crafted on, from the record beside it. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { readBytes } from '../files/index.ts';
import { alike, fingerprintsOf, type PhotoSet, splitPhotos } from '../photos/index.ts';

/** A record comes with its perturbation, from anywhere: one of a hundred thousand photos takes as much. */
const LARGEST_RECORD = 16e6;
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

/**
 * The largest value of a perturbation in units of 0..255, as the record beside its file tells; undefined where there is
 * none that is ours.
 */
export async function recordedSize(file: string): Promise<number | undefined> {
  return z.object({ linf: z.number().positive() }).safeParse(await recordBeside(file)).data?.linf;
}

async function recordBeside(file: string): Promise<unknown> {
  const path = ['craft.json', 'record.json'].map((name) => join(dirname(file), name)).find(existsSync);
  if (!path) return null;
  const bytes = await readBytes(path, { most: LARGEST_RECORD }).catch(() => new Uint8Array(0));
  return jsonOf(new TextDecoder().decode(bytes));
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** A sentence for people. @param seen As `craftedOn` found them. */
export function craftedOnText(seen: readonly number[], { names }: PhotoSet): string {
  const named = seen.slice(0, 3).map((index) => names[index]);
  const more = seen.length > named.length ? ', …' : '';
  return `Warning: the perturbation was crafted on ${seen.length} of these ${names.length} photos (${named.join(', ')}${more}). A ratio on them says how well it fits its own photos, not what it does to others: measure on other photos, or with --half evaluation where it was crafted with --half crafting or by a study.`;
}
