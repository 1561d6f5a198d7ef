/** Thresholds that hold a rate of false alarms, and how well scores tell two kinds of pictures apart. */

/** Fewer clean photos than this cannot hold a rate of false alarms, whatever the threshold. */
export const leastPhotos = (rate: number): number => Math.ceil((1 - rate) / rate - 1e-9);

/** A score of a clean picture. */
export interface CleanScore {
  score: number;
  /** Which part of its photo's pictures it stands for; the parts of a photo sum to 1. */
  share: number;
}

/**
 * The threshold that a new clean photo's score exceeds with a probability of at most `rate`, if it is as likely to be
 * any of these photos as they are each other: the smallest score up to which there are (n + 1) (1 - rate) of n photos
 * (split conformal prediction: H. Papadopoulos et al., "Inductive confidence machines for regression", ECML 2002; V.
 * Vovk, "Conditional validity of inductive conformal predictors", ACML 2012). A photo that is scored in several forms
 * counts in parts, as the mean over drawing one of its forms.
 *
 * @returns the threshold with the number of photos; null where that is less than `leastPhotos`.
 */
export function conformalThreshold(
  scores: readonly CleanScore[],
  rate: number,
): { threshold: number; photos: number } | null {
  const photos = scores.reduce((sum, { share }) => sum + share, 0);
  const enough = (photos + 1) * (1 - rate) - 1e-6;
  let below = 0;
  for (const { score, share } of scores.toSorted((a, b) => a.score - b.score)) {
    below += share;
    if (below >= enough) return { threshold: score, photos: Math.round(photos) };
  }
  return null;
}
