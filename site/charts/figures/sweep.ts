import { z } from 'zod';
import { number, percent } from '../../format.ts';
import { nameOfPhoto } from '../../photos/names.ts';
import { figure, mean, share } from '../figure.ts';
import { percents } from '../kinds.ts';

/** How photos that show the flaw are still read as what they are, less and less, as the plates grow stronger. */
export const sweep = figure({
  table: 'sweep',
  row: z.object({
    ...{ photo: z.string(), resists: z.boolean(), strength: z.number(), rank: z.int(), right: z.boolean() },
    ...{ perturbation: z.string().nullish(), target: z.string(), probability: share },
  }),
  draw(rows, atlas) {
    const first = rows.filter(({ rank }) => rank === 1);
    const strengths = [...new Set(first.map(({ strength }) => strength))].sort((a, b) => a - b);
    const shareOf = (of: typeof first) => mean(of.map(({ right }) => Number(right)));
    const line = (name: string, isMain: boolean, of: typeof first) => ({
      ...{ name, isMain },
      points: strengths.flatMap((x) => {
        const at = of.filter(({ strength }) => strength === x);
        const said = `${name} at ${number(x, 2)} times the strength: read rightly in ${percent(shareOf(at))} of ${at.length} readings.`;
        return at.length === 0 ? [] : [{ x, y: shareOf(at), said }];
      }),
    });
    const photos = [...Map.groupBy(first, ({ photo }) => photo)];
    return [
      {
        isFooled: false,
        caption:
          'How often each photograph is still read as what it shows, over all networks and their own plates. They were chosen because they show the flaw, so these shares are no estimate of anything: the transfer matrix has those.',
        keys: [
          { shape: 'value', text: `mean of ${photos.length}` },
          { shape: 'line', text: 'each photograph' },
        ],
        chart: {
          kind: 'lines',
          x: {
            ...{ from: 0, to: Math.max(1, ...strengths), title: 'times as strong' },
            ticks: strengths.map((at) => ({ at, text: number(at, 2) })),
          },
          y: { ...percents, title: '% read rightly' },
          series: [
            ...photos.map(([photo, of]) => line(nameOfPhoto(photo, atlas), false, of)),
            line('all photographs', true, first),
          ],
        },
      },
    ];
  },
});
