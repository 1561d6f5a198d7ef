/** The canvas of each photo of the lab. */
import type { APIRoute } from 'astro';
import { photoId } from '#shared/release';
import { labPhotos } from '../../lab-data.ts';
import { png, squareOf } from '../../pictures.ts';
import { loadAtlas, readFile } from '../../release.ts';

export const getStaticPaths = async () =>
  (await labPhotos(loadAtlas()))
    .filter(({ isShown }) => isShown)
    .map(({ file, key }) => ({ params: { photo: photoId(file) }, props: { key } }));

export const GET: APIRoute<{ key: string }> = async ({ props: { key } }) => {
  // What cannot be decoded is handed on as it is, and ends no build.
  const picture = await squareOf(key, loadAtlas().manifest.canvas, true).then(png, () => new Uint8Array(readFile(key)));
  return new Response(picture, { headers: { 'Content-Type': 'image/png' } });
};
