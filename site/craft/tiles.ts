/** The photos that are shown under the pattern, and how what is read in them turns. */
import { isTampered } from '../lab/tampered.ts';
import { make, named } from './dom.ts';
import { drawPhoto, sideFor } from './draw.ts';
import type { Craft } from './machine.ts';
import type { Shown } from './protocol.ts';

/** Pixels of a tile's side, about. */
const SIDE = 112;

export class Tiles {
  readonly #root: HTMLElement;
  readonly #showsOf: (name: string) => string;
  #items: { photo: Shown; item: HTMLElement; canvas: HTMLCanvasElement }[] = [];

  /** @param showsOf What a photo shows, by its file's name. */
  constructor(root: HTMLElement, showsOf: (name: string) => string) {
    this.#root = root;
    this.#showsOf = showsOf;
  }

  /** Lays out the photos of a craft that begins. */
  begin(shown: readonly Shown[], size: number): void {
    this.#root.style.setProperty('--tile', `${sideFor(size, SIDE)}px`);
    this.#items = shown.map((photo) => {
      const canvas = make('canvas', { className: 'pixels' });
      canvas.setAttribute('role', 'img');
      canvas.setAttribute('aria-label', this.#showsOf(photo.name));
      const before = make('span', { className: 'before', textContent: photo.before.label });
      const after = make('span', { className: 'after' });
      const item = make(
        'li',
        {},
        make('span', { className: 'face' }, canvas),
        make('span', { className: 'caption' }, before, ' ', after),
      );
      drawPhoto(canvas, photo.canvas, null, size);
      return { photo, item, canvas };
    });
    for (const [name, crafts] of [
      ['held-out', false],
      ['crafting', true],
    ] as const) {
      const items = this.#items.filter(({ photo }) => photo.crafts === crafts);
      named(this.#root, name).replaceChildren(...items.map(({ item }) => item));
      named(this.#root, `${name}-part`).hidden = items.length === 0;
    }
  }

  /** What was read last, with the pattern of that moment on the photos. */
  show({ seen, order }: Pick<Craft, 'seen' | 'order'>): void {
    if (!seen || !order) return;
    this.#items.forEach(({ photo, item, canvas }, i) => {
      const now = seen.readings[i];
      if (!now) return;
      drawPhoto(canvas, photo.canvas, seen.v, order.canvas);
      const isSeenThrough = isTampered(now);
      const isFooled = now.index !== photo.before.index && !isSeenThrough;
      item.classList.toggle('turned', isFooled);
      const after = item.querySelector('.after');
      const text = isFooled || isSeenThrough ? now.label : '';
      if (after && after.textContent !== text) after.textContent = text;
      after?.classList.toggle('fooled', isFooled);
    });
  }
}
