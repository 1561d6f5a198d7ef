/** Each photo of the lab, small. */
import type { APIRoute } from 'astro';
import { photoId } from '#shared/release';
import { labPhotos } from '../../lab-data.ts';
import { squareOf, webp } from '../../pictures.ts';
import { loadAtlas, readFile } from '../../release.ts';

/** Twice the tile's side, for screens that have so many. */
const SIDE = 112;

export const getStaticPaths = async () =>
  (await labPhotos(loadAtlas()))
    .filter(({ isShown }) => isShown)
    .map(({ file, key }) => ({ params: { photo: photoId(file) }, props: { key } }));

export const GET: APIRoute<{ key: string }> = async ({ props: { key } }) => {
  const picture = await squareOf(key, SIDE, true).then(webp, () => new Uint8Array(readFile(key)));
  return new Response(picture, { headers: { 'Content-Type': 'image/webp' } });
};
