/**
 * The order of things in which those that are alike stand beside each other: the leaves of their average-linkage tree
 * (R. Sokal, C. Michener, "A statistical method for evaluating systematic relationships", 1958), made by chains of
 * nearest neighbours (F. Murtagh, "A survey of recent advances in hierarchical clustering algorithms", 1983), in the
 * square of their number.
 *
 * @param vectors of one length; null where a value is missing, which then counts for nothing
 */
export function clusterOrder(vectors: readonly (readonly (number | null)[])[]): number[] {
  if (vectors.length === 0) return [];
  const clusters = vectors.map((_, i) => ({ leaves: [i], distances: vectors.map((v) => distance(v, vectors[i])) }));
  const alive = new Set(clusters.keys());
  const chain: number[] = [];
  while (alive.size > 1) {
    if (chain.length === 0) chain.push(alive.values().next().value!);
    const last = chain.at(-1)!;
    const previous = chain.at(-2);
    let nearest = previous ?? -1;
    for (const other of alive) {
      if (other === last) continue;
      const { distances } = clusters[last];
      if (nearest === -1 || distances[other] < distances[nearest]) nearest = other;
    }
    if (nearest !== previous) {
      chain.push(nearest);
      continue;
    }
    chain.length -= 2;
    merge(clusters, alive, Math.min(last, nearest), Math.max(last, nearest));
  }
  return clusters[alive.values().next().value!].leaves;
}

interface Cluster {
  leaves: number[];
  distances: number[];
}

function merge(clusters: Cluster[], alive: Set<number>, into: number, from: number) {
  const [a, b] = [clusters[into], clusters[from]];
  const [m, n] = [a.leaves.length, b.leaves.length];
  alive.delete(from);
  for (const other of alive) {
    const mean = (m * a.distances[other] + n * b.distances[other]) / (m + n);
    a.distances[other] = mean;
    clusters[other].distances[into] = mean;
  }
  a.leaves = [...a.leaves, ...b.leaves];
}

function distance(a: readonly (number | null)[], b: readonly (number | null)[]): number {
  let sum = 0;
  let count = 0;
  for (const [i, value] of a.entries()) {
    const other = b[i];
    if (value === null || other === null) continue;
    sum += (value - other) ** 2;
    count += 1;
  }
  return count === 0 ? Number.MAX_VALUE : Math.sqrt(sum / count);
}
