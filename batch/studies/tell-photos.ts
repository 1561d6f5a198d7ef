import { alike } from '#shared/photos';
import type { PhotosResult } from '../analyses/index.ts';
import type { Progress } from '../jobs/index.ts';
import { groupsFile } from '../photos/index.ts';

/** Pairs that are named; more are counted. */
const namedPairs = 5;

/**
 * Says what is to be known of the photos once another half of them is read: those that were left out of it, and, with
 * both halves, those that look alike.
 */
export function tellPhotos(halves: readonly PhotosResult[], source: string, progress: Pick<Progress, 'notice'>): void {
  for (const { file, reason } of (halves.at(-1) as PhotosResult).skipped) {
    progress.notice(`Skipped the photo ${file}: ${reason}`);
  }
  if (halves.length < 2) return;
  const [a, b] = halves;
  const pairs = alike(a.fingerprints, b.fingerprints).map(([i, k]) => [a.names[i], b.names[k]]);
  if (pairs.length === 0) return;
  const named = pairs.slice(0, namedPairs).map((pair) => pair.join(' and '));
  const more = pairs.length > namedPairs ? `; and ${pairs.length - namedPairs} more` : '';
  progress.notice(
    `Photos that look alike lie on both sides of the split, so that what a perturbation was crafted on evaluates it: ${named.join('; ')}${more}. Take one of each out, or keep them together: ${groupsFile} in ${source} with ${JSON.stringify(pairs.slice(0, 2))}.`,
  );
}
