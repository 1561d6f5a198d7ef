/** What is behind the cells of a plate: every photograph before and after, on every network. */
import type { APIRoute } from 'astro';
import { nameOfPhoto } from '../../photos/names.ts';
import { smallUrl } from '../../pictures.ts';
import { readingsOf } from '../../plates/readings.ts';
import { loadAtlas } from '../../release.ts';
import type { Behind } from '../../transfer/protocol.ts';

export const getStaticPaths = () => loadAtlas().plates.map(({ id }) => ({ params: { plate: id } }));

export const GET: APIRoute = async ({ params: { plate } }) => {
  const behind: Behind = {};
  for (const target of loadAtlas().targets) {
    const readings = await readingsOf(plate!, target);
    behind[target] = readings.map((one) => ({
      photo: nameOfPhoto(one.photo),
      picture: one.published ? smallUrl(one.published.key) : null,
      before: [one.clean_label, one.clean_probability],
      after: [one.perturbed_label, one.perturbed_probability],
      fooled: one.fooled,
    }));
  }
  return Response.json(behind);
};
