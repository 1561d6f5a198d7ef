/**
 * Area under the ROC curve: the probability that a positive has a higher score than a negative, equal ones counted
 * half. NaN where there is none of either.
 */
export function auroc(negatives: ArrayLike<number>, positives: ArrayLike<number>): number {
  const sorted = Float64Array.from(negatives).sort();
  let sum = 0;
  for (const score of Array.from(positives)) sum += (below(sorted, score) + below(sorted, score, true)) / 2;
  return sum / (negatives.length * positives.length);
}

/** How many of sorted numbers are less than a number, or at most as large. */
function below(sorted: Float64Array, value: number, orEqual = false): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < value || (orEqual && sorted[middle] === value)) low = middle + 1;
    else high = middle;
  }
  return low;
}
