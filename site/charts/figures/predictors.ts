import { z } from 'zod';
import { figure } from '../figure.ts';

const signed = (value: number) => `${value > 0 ? '+' : value < 0 ? '\u2212' : ''}${Math.abs(value).toFixed(2)}`;

/** What goes with giving way. */
export const predictors = figure({
  table: 'predictors',
  row: z.object({
    ...{ target: z.string(), predictor: z.string() },
    ...{ correlation: z.number().nullish(), low: z.number().nullish(), high: z.number().nullish() },
  }),
  draw(rows, { titleOf }) {
    const known = rows.flatMap(({ correlation: value, ...row }) =>
      typeof value === 'number' ? [{ ...row, value }] : [],
    );
    return [
      {
        isFooled: false,
        caption:
          'Rank correlation of each with the number of perturbations that fool a photograph: to the right, what goes with giving way; to the left, what goes with resisting.',
        keys: [{ shape: 'value', text: 'correlation in its 95 % interval' }],
        chart: {
          kind: 'dots',
          scale: { from: -1, to: 1, ticks: [-1, -0.5, 0, 0.5, 1].map((at) => ({ at, text: signed(at) })) },
          groups: [...Map.groupBy(known, ({ predictor }) => predictor)].map(([title, of]) => ({
            title,
            rows: of.map(({ target, value, low, high }) => {
              const bounds = { low: low ?? value, high: high ?? value };
              return {
                ...{ name: titleOf(target), value, ...bounds, text: signed(value) },
                said: `${title} on ${titleOf(target)}: ${signed(value)} (${signed(bounds.low)} to ${signed(bounds.high)}).`,
              };
            }),
          })),
        },
      },
    ];
  },
});
