/**
 * The errors that batch means a person to read: one paragraph that says what happened, the detail, and what to do.
 * Anything else that is thrown is a fault of the program.
 */

export { megabytes } from './megabytes.ts';

/** The work could not be done: exit status 1. */
export class AtlasError extends Error {
  override name = 'AtlasError';
}

/** Bad usage or bad input: exit status 2. */
export class UsageError extends AtlasError {
  override name = 'UsageError';
}

/** The candidate that a person most likely meant (at most a third of the letters differ), or null. */
export function nearest(word: string, candidates: Iterable<string>): string | null {
  let best: string | null = null;
  let least = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    const allowed = Math.max(1, Math.floor(Math.max(word.length, candidate.length) / 3));
    if (distance <= allowed && distance < least) {
      best = candidate;
      least = distance;
    }
  }
  return best;
}

/** ` Did you mean "x"?`, or nothing: made to follow a sentence. */
export function suggestion(word: string, candidates: Iterable<string>): string {
  const meant = nearest(word, candidates);
  return meant === null ? '' : ` Did you mean "${meant}"?`;
}

/** Levenshtein distance: insertions, deletions and substitutions of one letter. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      row[j] = Math.min(row[j - 1] + 1, previous[j] + 1, previous[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
    }
    previous = row;
  }
  return previous[b.length];
}
