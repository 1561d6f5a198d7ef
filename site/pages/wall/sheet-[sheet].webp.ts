/** The photos of the wall on sheets of two rows each: the first is there long before the last. */
import type { APIRoute } from 'astro';
import { photoId } from '#shared/release';
import { squareOf, webp } from '../../pictures.ts';
import { loadAtlas } from '../../release.ts';
import { SHEET_ROWS, sheetOf } from '../../wall/sheets.ts';
import { wallData } from '../../wall-data.ts';

/** Of so many photos at once, which are only looked at. */
const QUALITY = 68;

export const getStaticPaths = async () => {
  const { photos, columns } = (await wallData(loadAtlas()))?.data ?? { photos: [], columns: 1 };
  const sheets = Map.groupBy(photos.keys(), (photo) => sheetOf(photo, columns).sheet);
  return [...sheets].map(([sheet, of]) => ({ params: { sheet: String(sheet) }, props: { of } }));
};

export const GET: APIRoute<{ of: number[] }> = async ({ props: { of } }) => {
  const atlas = loadAtlas();
  const { tile, columns, photos } = (await wallData(atlas))!.data;
  const width = columns * tile;
  const height = Math.min(SHEET_ROWS, Math.ceil(of.length / columns)) * tile;
  const sheet = new Uint8ClampedArray(4 * width * height).fill(255);
  const keys = new Map(atlas.manifest.photos.map(({ file, key }) => [photoId(file), key]));
  for (const place of of) {
    // A photo that cannot be decoded leaves its place white.
    const photo = await squareOf(keys.get(photos[place].id)!, tile, true).catch(() => null);
    if (!photo) continue;
    const { column, row } = sheetOf(place, columns);
    for (let y = 0; y < tile; y++)
      sheet.set(photo.data.subarray(4 * y * tile, 4 * (y + 1) * tile), 4 * ((row * tile + y) * width + column * tile));
  }
  return new Response(await webp({ data: sheet, width, height }, { quality: QUALITY }), {
    headers: { 'Content-Type': 'image/webp' },
  });
};
