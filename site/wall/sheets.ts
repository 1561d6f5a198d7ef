/** Where the tiles of the wall lie: on sheets, since a hundred small files are slower than a few. */

/** Rows of tiles on a sheet. */
export const SHEET_ROWS = 2;

export const sheetUrl = (sheet: number): string => `/wall/sheet-${sheet}.webp`;

/** The sheet of a photo, and its place on that. */
export function sheetOf(photo: number, columns: number): { sheet: number; column: number; row: number } {
  const row = Math.floor(photo / columns);
  return { sheet: Math.floor(row / SHEET_ROWS), column: photo % columns, row: row % SHEET_ROWS };
}

/**
 * The pixels of each of so many tiles, RGBA, sheet by sheet: in between the page answers its visitor.
 * @throws where a sheet cannot be fetched or drawn
 */
export async function tilesOnSheets(
  count: number,
  { tile, columns }: { tile: number; columns: number },
): Promise<Uint8ClampedArray[]> {
  const onSheet = SHEET_ROWS * columns;
  const images = Array.from({ length: Math.ceil(count / onSheet) }, (_, sheet) => {
    const image = Object.assign(new Image(), { src: sheetUrl(sheet) });
    return { image, decoded: image.decode() };
  });
  await Promise.all(images.map(({ decoded }) => decoded));
  const tiles: Uint8ClampedArray[] = [];
  for (const { image } of images) {
    await new Promise((turn) => setTimeout(turn));
    const { naturalWidth: width, naturalHeight: height } = image;
    const canvas = Object.assign(document.createElement('canvas'), { width, height });
    const context = canvas.getContext('2d', { willReadFrequently: true });
    if (!context) throw new Error('This browser draws no pictures.');
    context.drawImage(image, 0, 0);
    for (let photo = tiles.length, end = Math.min(count, photo + onSheet); photo < end; photo++) {
      const { column, row } = sheetOf(photo, columns);
      tiles.push(context.getImageData(column * tile, row * tile, tile, tile).data);
    }
  }
  return tiles;
}
