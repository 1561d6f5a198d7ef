/** What one threshold does: of negatives, and of positives, the share whose score lies above it. */
export interface RocPoint {
  falseAlarms: number;
  detected: number;
}

/** Shares of negatives at which a curve is looked at: close together where few of them are given up. */
const rates = [
  ...[0, 0.001, 0.002, 0.005, 0.01, 0.015, 0.02, 0.03, 0.04, 0.05, 0.065, 0.08, 0.1],
  ...[0.125, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1],
];

/**
 * Points of the ROC curve from (0, x) to (1, 1), each threshold being a score of a negative: of each of 25 rates the
 * lowest that lets at most this share of them exceed it. Thresholds that do the same to all are given once.
 *
 * @returns nothing where there is none of either
 */
export function rocPoints(negatives: ArrayLike<number>, positives: ArrayLike<number>): RocPoint[] {
  if (negatives.length === 0 || positives.length === 0) return [];
  const falling = Float64Array.from(negatives).sort().reverse();
  const points: RocPoint[] = [];
  for (const rate of rates) {
    const allowed = Math.floor(rate * falling.length + 1e-9);
    const threshold = allowed < falling.length ? falling[allowed] : Number.NEGATIVE_INFINITY;
    const point = { falseAlarms: above(falling, threshold), detected: above(positives, threshold) };
    const last = points.at(-1);
    if (last?.falseAlarms !== point.falseAlarms || last.detected !== point.detected) points.push(point);
  }
  return points;
}

const above = (scores: ArrayLike<number>, threshold: number) =>
  Array.from(scores).filter((score) => score > threshold).length / scores.length;
