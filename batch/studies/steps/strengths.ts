/** Tried first, in rising order. */
const grid = [1 / 256, 1 / 64, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 1, 2];
/** Each halves what is not known of a strength. */
const halvings = 3;

/**
 * The smallest strength found that fools each of so many photos: the lowest of a grid from 1/256 to 2, and then halfway
 * down to the one below it, three times, which leaves an eighth of a step. Null where none of the grid fools. A weaker
 * one may still fool where stronger ones do not: labels do not go over once and for all.
 *
 * @param fools Asked of some of the photos at once, each at its own strength.
 */
export async function smallestStrengths(
  count: number,
  fools: (tried: readonly { photo: number; strength: number }[]) => Promise<readonly boolean[]>,
): Promise<(number | null)[]> {
  const all = Array.from({ length: count }, (_, photo) => photo);
  const high = new Array<number | null>(count).fill(null);
  const low = new Array<number>(count).fill(0);
  for (const strength of grid) {
    const open = all.filter((photo) => high[photo] === null).map((photo) => ({ photo, strength }));
    if (open.length === 0) break;
    const hits = await fools(open);
    open.forEach(({ photo }, i) => {
      (hits[i] ? high : low)[photo] = strength;
    });
  }
  for (let round = 0; round < halvings; round++) {
    const between = all.flatMap((photo) => {
      const upper = high[photo];
      return upper === null ? [] : [{ photo, strength: (upper + low[photo]) / 2 }];
    });
    if (between.length === 0) break;
    const hits = await fools(between);
    between.forEach(({ photo, strength }, i) => {
      (hits[i] ? high : low)[photo] = strength;
    });
  }
  return high;
}
