/** A photograph as networks see it, to be looked at: decoded by the browser, cropped and resized as everywhere else. */
import { canvasFromRgba, canvasToRgba } from '#shared/images';
import type { Fit } from '#shared/release';

/** @returns the canvas of size x size pixels. @throws where the browser does not read it */
export async function pixelsOf(photo: Blob, size: number, fit: Fit): Promise<ImageData> {
  const bitmap = await createImageBitmap(photo, { imageOrientation: 'from-image' });
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!context) throw new Error('The browser has no canvas.');
  context.fillStyle = 'white';
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  const picture = context.getImageData(0, 0, canvas.width, canvas.height);
  const { data } = canvasToRgba(canvasFromRgba(picture, size, { fit }), size);
  return new ImageData(new Uint8ClampedArray(data), size, size);
}
