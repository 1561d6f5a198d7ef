/** What trials of preprocessings showed, in words. */
import type { Guess } from './guess.ts';

const percent = (share: number) => (100 * share).toFixed(1);

/** Heads of the table of `guessRows`. */
export const guessHead = ['preprocessing', 'top-1 %', '95 % interval', 'right', 'loss', 'not told from the best'];

/** A row for each candidate, the best first. */
export const guessRows = ({ candidates, photos, tied }: Guess): string[][] =>
  candidates.map(({ name, ratio, low, high, right, loss }) => [
    name,
    percent(ratio),
    `${percent(low)} to ${percent(high)}`,
    `${right} of ${photos}`,
    loss.toFixed(3),
    tied.includes(name) ? '*' : '',
  ]);

/** Why nothing can be taken, with what to do; null where the best is better than chance. */
export function whyNoGuess(file: string, { candidates, photos, chance, betterThanChance }: Guess): string | null {
  const [best] = candidates;
  if (betterThanChance) return null;
  return `None of the ${candidates.length} usual preprocessings makes ${file} better than chance: the best, ${best.name}, is right on ${best.right} of ${photos} photos, and chance is ${percent(chance)} %. Check that the labels are in the model's order and that the photos show its classes, give more photos, or say mean, std, order and range yourself.`;
}

/** What is to be known of the best candidate, a sentence or two each; none where there is nothing. */
export function guessNotes({ candidates, photos, tied }: Guess): string[] {
  const [best] = candidates;
  return [
    ...(best.fit === 'exact'
      ? [
          `${best.name} was tried on photos that have the size of the model's input, as they are, which its card now says: enlarged and cropped they did no better.`,
        ]
      : []),
    ...(tied.length > 0
      ? [
          `${best.name} is taken, but ${photos} photos do not tell it from ${tied.join('; ')}. If it matters, give more photos, or say mean, std, order and range.`,
        ]
      : []),
  ];
}
