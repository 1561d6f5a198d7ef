/** What the release has measured of each photo of the lab. */
import type { APIRoute } from 'astro';
import { photoId } from '#shared/release';
import { publishedFor } from '../../lab-answers.ts';
import { labPhotos } from '../../lab-data.ts';
import { loadAtlas } from '../../release.ts';

export const getStaticPaths = async () =>
  (await labPhotos(loadAtlas())).map(({ file }) => ({ params: { photo: photoId(file) }, props: { file } }));

export const GET: APIRoute<{ file: string }> = async ({ props: { file } }) =>
  new Response(JSON.stringify(await publishedFor(loadAtlas(), file)), {
    headers: { 'Content-Type': 'application/json' },
  });
