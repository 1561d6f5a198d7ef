/** Where the tiles of the wall lie: on sheets, since a hundred small files are slower than a few. */

/** Rows of tiles on a sheet. */
export const SHEET_ROWS = 2;

export const sheetUrl = (sheet: number): string => `/wall/sheet-${sheet}.webp`;

/** The sheet of a photo, and its place on that. */
export function sheetOf(photo: number, columns: number): { sheet: number; column: number; row: number } {
  const row = Math.floor(photo / columns);
  return { sheet: Math.floor(row / SHEET_ROWS), column: photo % columns, row: row % SHEET_ROWS };
}

/** The pixels of each of so many tiles, RGBA. @throws where a sheet cannot be fetched or drawn */
export async function tilesOnSheets(
  count: number,
  { tile, columns }: { tile: number; columns: number },
): Promise<Uint8ClampedArray[]> {
  const sheets = await Promise.all(
    Array.from({ length: count === 0 ? 0 : sheetOf(count - 1, columns).sheet + 1 }, async (_, sheet) => {
      const image = new Image();
      image.src = sheetUrl(sheet);
      await image.decode();
      const { naturalWidth: width, naturalHeight: height } = image;
      const canvas = Object.assign(document.createElement('canvas'), { width, height });
      const context = canvas.getContext('2d', { willReadFrequently: true });
      context?.drawImage(image, 0, 0);
      return context;
    }),
  );
  return Array.from({ length: count }, (_, photo) => {
    const { sheet, column, row } = sheetOf(photo, columns);
    const context = sheets[sheet];
    if (!context) throw new Error('This browser draws no pictures.');
    return context.getImageData(column * tile, row * tile, tile, tile).data;
  });
}
