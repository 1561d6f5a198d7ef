import { z } from 'zod';
import type { Drawing } from '../charts/kinds.ts';
import { upTo } from '../charts/steps.ts';

export const dominanceRow = z.object({
  ...{ perturbation: z.string(), target: z.string(), label: z.string() },
  ...{ before: z.int(), after: z.int(), noise: z.int() },
});

/** The labels that photos most often become: how many have each after, before and with noise. */
export function becomesDrawing(
  rows: readonly z.output<typeof dominanceRow>[],
  network: string,
  photos: number,
): Drawing {
  const most = Math.max(1, ...rows.map(({ before, after, noise }) => Math.max(before, after, noise)));
  return {
    isFooled: false,
    caption: `How many of the ${photos} evaluation photographs ${network} reads as each of the labels that most of them become.`,
    keys: [
      { shape: 'value', text: 'with the plate' },
      { shape: 'ring', text: 'before' },
      { shape: 'tick', text: 'with noise' },
    ],
    chart: {
      kind: 'dots',
      scale: upTo(most),
      groups: [
        {
          rows: rows.map(({ label, before, after, noise }) => ({
            ...{ name: label, value: after, low: 0, high: after, text: String(after) },
            marks: [
              { shape: 'ring', at: before },
              { shape: 'tick', at: noise },
            ],
            said: `${label}: ${after} photographs with the plate, ${before} before, ${noise} with noise.`,
          })),
        },
      ],
    },
  };
}
