import { z } from 'zod';
import { percent } from '../../format.ts';
import { figure, share } from '../figure.ts';
import { percents } from '../kinds.ts';

/** Hardened networks against attackers who know of the class, round after round. */
export const rounds = figure({
  table: 'rounds',
  row: z.object({
    ...{ model: z.string(), round: z.int(), crafted_in: z.int().nullish(), photos: z.int().min(1) },
    ...{ tampered_ratio: share, fooled_ratio: share, fooled_low: share, fooled_high: share },
  }),
  draw(rows, { titleOf }) {
    const words = ({ crafted_in: from }: (typeof rows)[number]) =>
      from === null || from === undefined
        ? 'clean photographs'
        : from === 0
          ? 'made on the plain network'
          : `made in round ${from}`;
    return [
      {
        isFooled: true,
        caption:
          'Each round hardens the network with the perturbations of the rounds before, and makes a new one on it that knows of the class. Rows: what is tried on the network of that round.',
        keys: [
          { shape: 'value', text: 'fooled and not caught, in its 95 % interval' },
          { shape: 'square', text: 'called tampered with' },
        ],
        chart: {
          kind: 'dots',
          scale: percents,
          groups: [
            ...Map.groupBy(
              rows,
              ({ model, round }) => `${titleOf(model)}, hardened ${round} ${round === 1 ? 'time' : 'times'}`,
            ),
          ].map(([title, of]) => ({
            title,
            rows: of.map((row) => ({
              ...{ name: words(row), value: row.fooled_ratio, low: row.fooled_low, high: row.fooled_high },
              text: percent(row.fooled_ratio, 0),
              marks: [{ shape: 'square', at: row.tampered_ratio }],
              said: `${title}, ${words(row)}: ${percent(row.fooled_ratio)} of ${row.photos} photographs fool it, ${percent(row.tampered_ratio)} are called tampered with.`,
            })),
          })),
        },
      },
    ];
  },
});
