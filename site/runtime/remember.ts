/**
 * A function whose last results are kept, by key; a failure is not. Several calls at once for a key make it once.
 *
 * @param limit how many results are kept; the one that was not asked for the longest time goes first
 */
export function remember<K extends string, T>(make: (key: K) => Promise<T>, limit: number): (key: K) => Promise<T> {
  const kept = new Map<K, Promise<T>>();
  return (key) => {
    const found = kept.get(key) ?? make(key);
    kept.delete(key);
    kept.set(key, found);
    found.catch(() => kept.get(key) === found && kept.delete(key));
    for (const oldest of kept.keys()) {
      if (kept.size <= limit) break;
      kept.delete(oldest);
    }
    return found;
  };
}
