import type { Share } from '../release/measures.ts';
import { wilson } from './wilson.ts';

/**
 * The share of photos whose label changed, truth ignored: the fooling ratio.
 *
 * @param tampered The class by which a hardened network says that a picture was tampered with: no success of an
 * attacker. Left out: there is none.
 */
export function changedShare(clean: ArrayLike<number>, perturbed: ArrayLike<number>, tampered?: number): Share {
  return shareOf(
    clean,
    perturbed,
    () => true,
    (after, before) => isFooled(before, after, tampered),
  );
}

/** Whether an attacker has won: the label is neither that of the clean photo nor "tampered with". */
export const isFooled = (before: number, after: number, tampered?: number): boolean =>
  after !== before && after !== tampered;

/** Of the photos that are not taken for the class already, the share that now is. */
export function targetShare(target: number, clean: ArrayLike<number>, perturbed: ArrayLike<number>): Share {
  return shareOf(
    clean,
    perturbed,
    (before) => before !== target,
    (after) => after === target,
  );
}

/**
 * What several models say of the same photos, as one share: the mean of their ratios, with the Wilson interval of as
 * many trials as there are photos, not as there are answers. Answers about one photo go together; and a photo's mean
 * answer, which lies in 0..1, varies no more than a single yes or no of that mean, so the interval is never too narrow.
 *
 * @param shares One for each model, at least one. Where they count different photos, the fewest are the trials.
 */
export function meanShare(shares: readonly Share[]): Share {
  if (shares.length === 1) return shares[0];
  const photos = Math.min(...shares.map((share) => share.photos));
  const fooled = shares.reduce((sum, share) => sum + (share.ratio * photos) / shares.length, 0);
  return { photos, fooled, ...wilson(Math.min(photos, fooled), photos) };
}

/** @throws RangeError when the labels are not of the same photos. */
function shareOf(
  clean: ArrayLike<number>,
  perturbed: ArrayLike<number>,
  counts: (before: number) => boolean,
  wins: (after: number, before: number) => boolean,
): Share {
  if (clean.length !== perturbed.length) {
    throw new RangeError(
      `${clean.length} clean predictions and ${perturbed.length} perturbed ones are not of the same photos.`,
    );
  }
  let [photos, fooled] = [0, 0];
  for (let i = 0; i < clean.length; i++) {
    if (!counts(clean[i])) continue;
    photos++;
    if (wins(perturbed[i], clean[i])) fooled++;
  }
  return { photos, fooled, ...wilson(fooled, photos) };
}
