/** Thresholds that hold a rate of false alarms, and how well scores tell two kinds of pictures apart. */

/** Fewer clean photos than this cannot hold a rate of false alarms, whatever the threshold. */
export const leastPhotos = (rate: number): number => Math.ceil((1 - rate) / rate - 1e-9);

/**
 * The threshold that a new clean photo's score exceeds with a probability of at most `rate`, if it is as likely to be
 * any of these photos as they are each other: the ceil((n + 1) (1 - rate))-th smallest of n scores (split conformal
 * prediction: H. Papadopoulos et al., "Inductive confidence machines for regression", ECML 2002; V. Vovk, "Conditional
 * validity of inductive conformal predictors", ACML 2012).
 *
 * @returns the threshold with its rank; null where n is less than `leastPhotos`.
 */
export function conformalThreshold(
  scores: readonly number[],
  rate: number,
): { threshold: number; rank: number } | null {
  const rank = Math.ceil((scores.length + 1) * (1 - rate) - 1e-9);
  if (rank > scores.length || rank < 1) return null;
  return { threshold: scores.toSorted((a, b) => a - b)[rank - 1], rank };
}
