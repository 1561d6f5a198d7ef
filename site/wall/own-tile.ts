/** The visitor's own photograph on the wall, before the others: the pattern is on it too, and the lab reads it. */
import { keptPhotos } from '../own-photo/index.ts';
import type { WallData } from './data.ts';
import { add } from './pixels.ts';
import { labAddress, type WallState } from './state.ts';

export class OwnTile {
  readonly #item: HTMLElement;
  readonly #link: HTMLAnchorElement;
  readonly #canvas: HTMLCanvasElement;
  readonly #photo: string;
  readonly #clean: Uint8ClampedArray;

  private constructor(list: HTMLElement, photo: { id: string; name: string }, clean: ImageData) {
    this.#photo = photo.id;
    this.#clean = clean.data;
    this.#item = Object.assign(document.createElement('li'), { className: 'own' });
    this.#link = document.createElement('a');
    this.#canvas = Object.assign(document.createElement('canvas'), { width: clean.width, height: clean.height });
    this.#canvas.setAttribute('role', 'img');
    this.#canvas.setAttribute('aria-label', `Your photograph: ${photo.name}`);
    const face = Object.assign(document.createElement('span'), { className: 'face' });
    const caption = Object.assign(document.createElement('span'), { className: 'caption' });
    caption.textContent = 'yours: the lab reads it';
    face.append(this.#canvas);
    this.#link.append(face, caption);
    this.#item.append(this.#link);
    list.prepend(this.#item);
  }

  /** The newest photograph that is kept, as a tile at the head of the list; null where there is none. */
  static async of(list: HTMLElement, { tile }: Pick<WallData, 'tile'>): Promise<OwnTile | null> {
    const photo = (await keptPhotos()).at(-1);
    if (!photo) return null;
    const { pixelsOf } = await import('../own-photo/pixels.ts');
    const clean = await pixelsOf(photo.blob, tile, 'crop').catch(() => null);
    return clean && new OwnTile(list, photo, clean);
  }

  show(state: WallState): void {
    this.#link.href = labAddress(this.#photo, state);
  }

  /** @param pattern As `shrunk` gives it. */
  draw(pattern: Float32Array, of: { linf: number; strength: number }): void {
    const { width, height } = this.#canvas;
    const picture = new ImageData(width, height);
    add(this.#clean, pattern, of, picture.data);
    this.#canvas.getContext('2d')?.putImageData(picture, 0, 0);
  }
}
