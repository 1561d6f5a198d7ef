import { z } from 'zod';
import { percent } from '../../format.ts';
import { figure, share } from '../figure.ts';
import { type Mark, percents } from '../kinds.ts';

/** Who gives and who takes. */
export const roles = figure({
  table: 'roles',
  row: z.object({ model: z.string(), own: share.nullish(), gives: share.nullish(), takes: share.nullish() }),
  draw(rows, { titleOf }) {
    return [
      {
        isFooled: true,
        caption:
          'Mean fooling ratios of each network: of its own plates on itself, of its plates on the others, of the plates of the others on it.',
        keys: [
          { shape: 'value', text: 'its own plates on it' },
          { shape: 'diamond', text: 'its plates on the others' },
          { shape: 'ring', text: 'plates of the others on it' },
        ],
        chart: {
          kind: 'dots',
          scale: percents,
          groups: [
            {
              rows: rows.flatMap(({ model, own, gives, takes }) => {
                if (typeof own !== 'number') return [];
                const marks: Mark[] = [
                  ...(typeof takes === 'number' ? [{ shape: 'ring' as const, at: takes }] : []),
                  ...(typeof gives === 'number' ? [{ shape: 'diamond' as const, at: gives }] : []),
                ];
                const words = [
                  `its own plates fool it on ${percent(own)}`,
                  ...(typeof gives === 'number' ? [`the others on ${percent(gives)}`] : []),
                  ...(typeof takes === 'number' ? [`those of the others fool it on ${percent(takes)}`] : []),
                ];
                const name = titleOf(model);
                return [{ name, value: own, text: percent(own, 0), marks, said: `${name}: ${words.join(', ')}.` }];
              }),
            },
          ],
        },
      },
    ];
  },
});
