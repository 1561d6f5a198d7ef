import { z } from 'zod';
import { interval, number, percent } from '../../format.ts';
import { figure, plateName, share } from '../figure.ts';
import { percents } from '../kinds.ts';

/** What one perturbation for all does beside one for each photo, of the same length. */
export const thresholds = figure({
  table: 'thresholds',
  row: z.object({
    ...{ perturbation: z.string(), target: z.string(), kind: z.string(), photos: z.int() },
    ...{ ratio: share, low: share, high: share, length_50: z.number().nullish() },
  }),
  draw(rows, atlas) {
    const pairs = Map.groupBy(
      rows,
      ({ perturbation, target }) => `${plateName(atlas, perturbation)} on ${atlas.titleOf(target)}`,
    );
    return [
      {
        isFooled: true,
        caption:
          'All of one length: the plate, noise, and what was made for each photograph alone, on that photograph and on another one. Every one at full strength.',
        keys: [{ shape: 'value', text: 'fooling ratio in its 95 % interval' }],
        chart: {
          kind: 'dots',
          scale: percents,
          groups: [...pairs].map(([title, of]) => ({
            title,
            rows: of.map(({ kind, ratio, low, high, length_50, photos }) => {
              const half =
                typeof length_50 === 'number' ? `; half of them give way at length ${number(length_50, 0)}` : '';
              const name = kind === 'universal' ? 'the plate' : kind;
              return {
                ...{ name, value: ratio, low, high, text: percent(ratio, 0) },
                said: `${title}, ${name}: fools ${percent(ratio)} (${interval({ low, high })}) of ${photos} photographs${half}.`,
              };
            }),
          })),
        },
      },
    ];
  },
});
