import { setImmediate } from 'node:timers/promises';
import { type PhotosResult, readCanvases } from '../../analyses/index.ts';
import type { Item, Output } from '../../jobs/index.ts';

/**
 * Looks at one photo after the other in this thread, and hears Ctrl-C between them.
 * @param look is given a canvas [3,size,size] of whole numbers, and which photo it is
 * @returns how many photos there are
 */
export async function eachPhoto(
  photos: Output<PhotosResult>,
  { signal, report }: { signal?: AbortSignal; report(item: Item): void },
  look: (canvas: Uint8Array, index: number, size: number) => void,
): Promise<number> {
  const total = photos.result.names.length;
  const { pixels, size } = await readCanvases(photos);
  const plane = 3 * size * size;
  for (let index = 0; index < total; index++) {
    look(pixels.subarray(index * plane, (index + 1) * plane), index, size);
    await setImmediate();
    signal?.throwIfAborted();
    report({ done: index + 1, total, unit: 'photos' });
  }
  return total;
}
