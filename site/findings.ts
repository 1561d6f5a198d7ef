import { summariseControls } from '#shared/metrics';
import { percent } from './format.ts';
import type { Atlas } from './release.ts';

/** What the transfer matrix shows, in sentences made from its numbers. */
export function transferSentences({ plates, rows }: Atlas): string[] {
  const crafted = plates.filter(({ entry }) => entry.surrogates.length > 0);
  const own = crafted.flatMap((plate) => plate.own.map(({ ratio }) => ratio));
  const carried = crafted.flatMap(({ entry, record }) =>
    record.fooling.evaluation.filter(({ target }) => !entry.surrogates.includes(target)),
  );
  const noise = rows.map((row) => row.noise);
  const photos = [...new Set(rows.map((row) => row.photos))];
  const said: string[] = [];
  if (own.length > 0) {
    said.push(
      `One picture, added to photographs it was not made from, changes what the network that it was crafted on reads in ${span(own)} of them.`,
    );
  }
  if (carried.length > 0) {
    const clear = carried.filter((row) => row.low > row.noise_high).length;
    said.push(
      `Carried over to a network that it was not crafted on, it changes ${span(carried.map(({ ratio }) => ratio))}; random noise of the same bound, ${span(noise)}.`,
      `In ${clear || 'none'} of these ${carried.length} transfers the two lie so far apart that their intervals do not overlap.`,
    );
  } else if (noise.length > 0) said.push(`Random noise of the same bound changes ${span(noise)}.`);
  const held = crafted.flatMap(({ entry, record }) =>
    record.fooling.evaluation.flatMap(({ target }) => {
      const summary = summariseControls((record.fooling.controls ?? []).filter((row) => row.target === target));
      return summary ? [{ ...summary, isCarried: !entry.surrogates.includes(target) }] : [];
    }),
  );
  if (held.length > 0) {
    const beaten = held.filter(({ beatsAll }) => !beatsAll);
    const moved = beaten.filter(({ isCarried }) => isCarried).length;
    said.push(
      `Of the patterns of the same size that nothing was crafted into (several draws of noise, a random sign for each 4 x 4 pixels, and each plate with its phases shuffled), the strongest changes ${span(held.map(({ strongest }) => strongest.ratio))}.`,
      beaten.length === 0
        ? `Every one of the ${held.length} ratios is higher than each of them, by a paired test at 5 %.`
        : `By a paired test at 5 %, ${beaten.length} of the ${held.length} ratios (${moved === beaten.length ? 'all' : moved || 'none'} of them carried over) are not higher than each of these: what those plates do there, patterns that nobody crafted do too.`,
    );
  }
  if (photos.length === 1) said.push(`Every cell is measured on the same ${photos[0]} evaluation photographs.`);
  return said;
}

function span(ratios: number[]): string {
  const low = percent(Math.min(...ratios), 0);
  const high = percent(Math.max(...ratios), 0);
  return low === high ? low : `${low.replace(/\s?%$/, '')} to ${high}`;
}
