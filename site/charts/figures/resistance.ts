import { z } from 'zod';
import { list } from '../../format.ts';
import { nameOfPhoto } from '../../photos/names.ts';
import { figure } from '../figure.ts';

const STEPS = 10;

/** Which photos give way, and which do not. */
export const resistance = figure({
  table: 'resistance',
  row: z.object({ photo: z.string(), target: z.string(), own: z.int(), fooled_by_own: z.int() }),
  draw(rows, atlas) {
    const photos = [...Map.groupBy(rows, ({ photo }) => photo)].map(([photo, of]) => {
      const sum = (pick: (row: (typeof of)[number]) => number) => of.reduce((total, row) => total + pick(row), 0);
      return {
        name: nameOfPhoto(photo, atlas),
        tried: sum(({ own }) => own),
        fooled: sum(({ fooled_by_own }) => fooled_by_own),
      };
    });
    const tried = photos.filter((photo) => photo.tried > 0);
    // None and all have columns of their own.
    const columnOf = ({ tried, fooled }: (typeof photos)[number]) =>
      fooled === 0 ? 0 : fooled === tried ? STEPS + 1 : 1 + Math.min(STEPS - 1, Math.floor((STEPS * fooled) / tried));
    const columns = Array.from({ length: STEPS + 2 }, (_, i) => ({
      name: i === 0 ? 'none' : i === STEPS + 1 ? 'all' : `${(i - 1) * (100 / STEPS)}`,
      items: tried
        .filter((photo) => columnOf(photo) === i)
        .sort((a, b) => a.fooled / a.tried - b.fooled / b.tried)
        .map(({ name, tried, fooled }) => ({
          said: `${name}: fooled by ${fooled} of ${tried}.`,
          isFooled: fooled > 0,
        })),
    }));
    const resists = tried.filter(({ fooled }) => fooled === 0).map(({ name }) => name);
    const rest = resists.length > 12 ? `, and ${resists.length - 12} more` : '';
    const told = resists.length === 0 ? 'None resists all.' : `Fooled by none: ${list(resists.slice(0, 12))}${rest}.`;
    return [
      {
        isFooled: true,
        caption: `Each square is a photograph, in the column of the share of the plates that fool it, over all networks and the plates that were crafted on each. ${told}`,
        keys: [],
        chart: { kind: 'columns', title: '% of the plates that fool it', columns },
      },
    ];
  },
});
