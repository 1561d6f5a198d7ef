import { type Pattern, patternOf } from '#shared/identify';
import type { Manifest } from '#shared/release';
import type { Env } from '../env.ts';
import { readPerturbation } from './content.ts';

/** Bytes of transforms that an isolate keeps: of eight perturbations of a 224 canvas. */
const KEPT_BYTES = 5_000_000;

/**
 * Of the release that was last searched, the transforms of the first perturbations. Not of those last used: a search
 * goes through all of a release, and one that has more of them would find each dropped just before its turn.
 */
let kept: { version: string; patterns: Map<string, Pattern>; bytes: number } = emptyFor('');

function emptyFor(version: string): typeof kept {
  return { version, patterns: new Map(), bytes: 0 };
}

/**
 * The transforms of perturbations by their keys, in that order, one at a time: what is not kept is read and transformed
 * when its turn comes, and nobody else's perturbations are dropped for it. @throws Problem `release-broken`
 */
export async function* patternsOf(env: Env, release: Manifest, keys: string[]): AsyncGenerator<Pattern> {
  if (kept.version !== release.version) kept = emptyFor(release.version);
  const mine = kept;
  for (const key of keys) {
    let pattern = mine.patterns.get(key);
    if (!pattern) {
      pattern = patternOf(await readPerturbation(env, release, key), release.canvas);
      const bytes = pattern.re.byteLength + pattern.im.byteLength;
      if (mine.bytes + bytes <= KEPT_BYTES && !mine.patterns.has(key)) {
        mine.patterns.set(key, pattern);
        mine.bytes += bytes;
      }
    }
    yield pattern;
  }
}
