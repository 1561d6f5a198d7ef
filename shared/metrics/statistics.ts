/**
 * p-values of several comparisons at once, as one would have to say them: none is wrongly below 5 % in more than 5 % of
 * all cases (S. Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6,
 * 1979).
 *
 * @returns In the order of `ps`, each at least as large as it was.
 */
export function holm(ps: readonly number[]): number[] {
  const order = ps.map((_, i) => i).sort((a, b) => ps[a] - ps[b]);
  const corrected = new Array<number>(ps.length);
  let least = 0;
  order.forEach((at, rank) => {
    least = Math.max(least, Math.min(1, (ps.length - rank) * ps[at]));
    corrected[at] = least;
  });
  return corrected;
}

/** Mean and standard deviation (of a sample: n - 1); of one value the deviation is null. At least one value. */
export function meanAndDeviation(values: readonly number[]): { mean: number; deviation: number | null } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  if (values.length < 2) return { mean, deviation: null };
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: Math.sqrt(squares / (values.length - 1)) };
}

/** Shannon entropy of counts, in bits: 0 where all are of one kind, log2 n where n kinds are equally common. */
export function entropy(counts: Iterable<number>): number {
  const all = [...counts].filter((count) => count > 0);
  const total = all.reduce((sum, count) => sum + count, 0);
  return all.reduce((sum, count) => sum - (count / total) * Math.log2(count / total), 0);
}

/** Rank correlation (C. Spearman, 1904), ties by their mean rank; null where one of the two does not vary. */
export function rankCorrelation(a: readonly number[], b: readonly number[]): number | null {
  const [x, y] = [ranks(a), ranks(b)];
  const mean = (a.length + 1) / 2;
  let [xy, xx, yy] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    xy += (x[i] - mean) * (y[i] - mean);
    xx += (x[i] - mean) ** 2;
    yy += (y[i] - mean) ** 2;
  }
  return xx === 0 || yy === 0 ? null : xy / Math.sqrt(xx * yy);
}

function ranks(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).sort((a, b) => values[a] - values[b]);
  const found = new Array<number>(values.length);
  for (let from = 0; from < order.length; ) {
    let to = from;
    while (to < order.length && values[order[to]] === values[order[from]]) to++;
    for (let i = from; i < to; i++) found[order[i]] = (from + to + 1) / 2;
    from = to;
  }
  return found;
}

/**
 * Two sets of `a` and `b` of `all` things that have `both` in common: what they share of all that is in either (P.
 * Jaccard, 1901), what sets of these sizes would share on the average if they were drawn at random, and how probable so
 * much in common then is (hypergeometric).
 */
export function overlap(all: number, a: number, b: number, both: number) {
  const jaccardOf = (common: number) => (a + b - common === 0 ? 0 : common / (a + b - common));
  let [expected, p] = [0, 0];
  for (let common = Math.max(0, a + b - all); common <= Math.min(a, b); common++) {
    const chance = Math.exp(logChoose(a, common) + logChoose(all - a, b - common) - logChoose(all, b));
    expected += chance * jaccardOf(common);
    if (common >= both) p += chance;
  }
  return { jaccard: jaccardOf(both), expected, p: Math.min(1, p) };
}

/** Logarithm of the ways to take k of n. */
function logChoose(n: number, k: number): number {
  let sum = 0;
  for (let i = 1; i <= k; i++) sum += Math.log((n - k + i) / i);
  return sum;
}
