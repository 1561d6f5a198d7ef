/** Small WebP copies of the release's pictures. */
import type { APIRoute } from 'astro';
import { type Small, smallPictures, smallWebp } from '../../pictures.ts';
import { loadAtlas } from '../../release.ts';

export const getStaticPaths = () =>
  smallPictures(loadAtlas()).map((small) => ({ params: { path: small.path }, props: { small } }));

export const GET: APIRoute<{ small: Small }> = async ({ props: { small } }) =>
  new Response(await smallWebp(small), { headers: { 'Content-Type': 'image/webp' } });
