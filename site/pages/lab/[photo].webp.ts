/** Each photo of the lab, small. */
import type { APIRoute } from 'astro';
import { photoId } from '#shared/release';
import { labPhotos } from '../../lab-data.ts';
import { photoPixels, webp } from '../../lab-pictures.ts';
import { loadAtlas } from '../../release.ts';

/** Twice the tile's side, for screens that have so many. */
const SIDE = 112;

export const getStaticPaths = async () =>
  (await labPhotos(loadAtlas()))
    .filter(({ isShown }) => isShown)
    .map(({ file, key }) => ({ params: { photo: photoId(file) }, props: { key } }));

export const GET: APIRoute<{ key: string }> = async ({ props: { key } }) =>
  new Response(await webp(await photoPixels(key, SIDE)), { headers: { 'Content-Type': 'image/webp' } });
