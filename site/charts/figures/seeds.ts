import { z } from 'zod';
import { percent } from '../../format.ts';
import { figure, share } from '../figure.ts';
import { percents } from '../kinds.ts';

/** How much the seed alone changes. */
export const seeds = figure({
  table: 'seeds',
  row: z.object({
    ...{ surrogate: z.string(), target: z.string(), attack: z.string(), norm: z.string(), epsilon: z.number() },
    ...{ seeds: z.int(), ratio: share, lowest: share, highest: share, noise: share },
  }),
  draw(rows, { titleOf }) {
    const recipeOf = ({ surrogate, attack, norm, epsilon }: (typeof rows)[number]) =>
      `${attack}, l-${norm} ${epsilon}, ${surrogate === 'none' ? 'no network' : `crafted on ${surrogate.split('+').map(titleOf).join(' + ')}`}`;
    // A recipe of one seed has no spread to show.
    const groups = Map.groupBy(
      rows.filter((row) => row.seeds > 1),
      recipeOf,
    );
    return [
      {
        isFooled: true,
        caption: 'Each way of crafting on each network, with nothing but the seed changed.',
        keys: [
          { shape: 'value', text: 'mean over seeds, from the lowest to the highest' },
          { shape: 'ring', text: 'noise of the same bound' },
        ],
        chart: {
          kind: 'dots',
          scale: percents,
          groups: [...groups].map(([title, of]) => ({
            title,
            rows: of.map((row) => ({
              name: `${titleOf(row.target)}${row.surrogate.split('+').includes(row.target) ? ' (itself)' : ''}`,
              ...{ value: row.ratio, low: row.lowest, high: row.highest, text: percent(row.ratio, 0) },
              marks: [{ shape: 'ring', at: row.noise }],
              said: `${title}, on ${titleOf(row.target)}, ${row.seeds} seeds: ${percent(row.ratio)} on average, from ${percent(row.lowest)} to ${percent(row.highest)}; noise ${percent(row.noise)}.`,
            })),
          })),
        },
      },
    ];
  },
});
