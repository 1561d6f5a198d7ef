/** Index of the largest of `length` values from `offset` on, relative to offset; the first of equals. */
export function argmax(values: ArrayLike<number>, offset = 0, length = values.length - offset): number {
  let best = 0;
  for (let i = 1; i < length; i++) if (values[offset + i] > values[offset + best]) best = i;
  return best;
}

/** Probabilities of logits [K]: exp(l - max) / sum. */
export function softmax(logits: ArrayLike<number>): Float64Array {
  const result = Float64Array.from(logits);
  const largest = result[argmax(result)];
  let sum = 0;
  for (let i = 0; i < result.length; i++) {
    result[i] = Math.exp(result[i] - largest);
    sum += result[i];
  }
  for (let i = 0; i < result.length; i++) result[i] /= sum;
  return result;
}

/** The k most probable classes of logits [K], most probable first; of equal ones the lower index first. */
export function topK(logits: ArrayLike<number>, k: number): { index: number; probability: number }[] {
  const probabilities = softmax(logits);
  // Ordered by the logits themselves: far-off classes all have probability 0, and still have an order.
  return Array.from(probabilities, (probability, index) => ({ index, probability }))
    .sort((a, b) => logits[b.index] - logits[a.index] || a.index - b.index)
    .slice(0, k);
}

/** The label of a class, also where there is no list of them, or a shorter one. */
export const labelOf = (labels: readonly string[] | null, index: number) => labels?.[index] ?? `class ${index}`;

/** The k most probable classes of logits [K] with their names; one that `labels` has no name for is "class 7". */
export const predictionsOf = (logits: ArrayLike<number>, labels: readonly string[], k: number) =>
  topK(logits, k).map(({ index, probability }) => ({ index, label: labelOf(labels, index), probability }));
