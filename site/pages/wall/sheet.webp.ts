/** Every photo of the wall on one sheet. */
import type { APIRoute } from 'astro';
import { squareOf, webp } from '../../pictures.ts';
import { loadAtlas } from '../../release.ts';
import { wallData, wallPhotos } from '../../wall-data.ts';

/** Of so many photos at once, which are only looked at. */
const QUALITY = 68;

export const GET: APIRoute = async () => {
  const atlas = loadAtlas();
  const wall = await wallData(atlas);
  const { tile, columns, photos } = wall?.data ?? { tile: 1, columns: 1, photos: [] };
  const width = columns * tile;
  const height = Math.max(1, Math.ceil(photos.length / columns)) * tile;
  const sheet = new Uint8ClampedArray(4 * width * height).fill(255);
  const shown = wallPhotos(atlas).slice(0, photos.length);
  for (const [i, { key }] of shown.entries()) {
    // A photo that cannot be decoded leaves its place white.
    const photo = await squareOf(key, tile, true).catch(() => null);
    if (!photo) continue;
    const { data } = photo;
    const corner = 4 * (Math.floor(i / columns) * tile * width + (i % columns) * tile);
    for (let y = 0; y < tile; y++) sheet.set(data.subarray(4 * y * tile, 4 * (y + 1) * tile), corner + 4 * y * width);
  }
  return new Response(await webp({ data: sheet, width, height }, { quality: QUALITY }), {
    headers: { 'Content-Type': 'image/webp' },
  });
};
