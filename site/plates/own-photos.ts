/** Photographs of the visitor's own among those of a plate: it is shown on them, and the lab reads them. */
import type { Fit } from '#shared/release';
import { keptPhotos } from '../own-photo/index.ts';

const pixels = new Map<string, () => Promise<ImageData>>();

/** The canvas of a photograph of the visitor's own, by the address that stands for it. */
export const ownPixels = (url: string): (() => Promise<ImageData>) | undefined => pixels.get(url);

/** Adds a tile for each of them that is kept to the choice of photographs. */
export async function addOwnPhotos(view: HTMLElement, { size, fit }: { size: number; fit: Fit }): Promise<void> {
  const first = view.querySelector<HTMLInputElement>('.view-photos input');
  for (const { id, name, blob } of await keptPhotos()) {
    const url = URL.createObjectURL(blob);
    pixels.set(url, async () => (await import('../own-photo/pixels.ts')).pixelsOf(blob, size, fit));
    const tile = Object.assign(document.createElement('label'), { title: name });
    const input = Object.assign(document.createElement('input'), { type: 'radio', name: 'photo', value: id });
    input.className = 'visually-hidden';
    input.setAttribute('aria-label', `Your photograph: ${name}`);
    Object.assign(input.dataset, {
      ...{ own: '', clean: url, pattern: first?.dataset.pattern, fooled: 'false' },
      ...{ before: 'your photograph: the lab reads it', after: 'your photograph: the lab reads it' },
    });
    const picture = Object.assign(new Image(56, 56), { src: url, alt: '' });
    picture.className = 'small-picture';
    tile.append(input, picture);
    view.querySelector('.view-photos')?.append(tile);
  }
}
