/** The patterns that are kept in this browser, each with what can be done with it. */
import { isOwnNetwork } from '../own-network/network.ts';
import { make, named } from './dom.ts';
import { drawPattern } from './draw.ts';
import { forgetPattern, type KeptPattern, keptPatterns } from './kept.ts';
import { intervalText, ofText } from './words.ts';

/** Where the lab shows a kept pattern. @param networks Ids of the networks that the lab has. */
export function labAddress({ id, network }: Pick<KeptPattern, 'id' | 'network'>, networks: readonly string[]): string {
  const query = new URLSearchParams({ perturbation: id, strength: '1' });
  if (networks.includes(network.id) || isOwnNetwork(network.id)) query.set('model', network.id);
  return `/?${query}`;
}

export class KeptList {
  readonly #root: HTMLElement;
  readonly #networks: readonly string[];
  readonly #canvas: number;
  #patterns: KeptPattern[] = [];

  /** @param canvas Side of the canvases that the lab shows. */
  constructor(root: HTMLElement, networks: readonly string[], canvas: number) {
    this.#root = root;
    this.#networks = networks;
    this.#canvas = canvas;
    root.addEventListener('click', ({ target }) => {
      const button = (target as Element).closest<HTMLElement>('[data-forget]');
      if (button) this.#forget(button.dataset.forget as string);
    });
  }

  /** The one of that id; undefined where none is kept. */
  find(id: string): KeptPattern | undefined {
    return this.#patterns.find((pattern) => pattern.id === id);
  }

  async refresh(): Promise<void> {
    this.#patterns = await keptPatterns();
    this.#root.hidden = this.#patterns.length === 0;
    named(this.#root, 'kept-rows').replaceChildren(...this.#patterns.map((pattern) => this.#row(pattern)));
  }

  async #forget(id: string) {
    await forgetPattern(id);
    await this.refresh();
    // The button that was pressed is gone.
    if (!this.#root.hidden) named(this.#root, 'kept-title').focus();
  }

  #row(pattern: KeptPattern): HTMLElement {
    const { id, network, made, at, canvas, v, measured } = pattern;
    const picture = make('canvas', { className: 'pixels' });
    picture.setAttribute('role', 'img');
    picture.setAttribute('aria-label', 'The pattern, amplified');
    drawPattern(picture, v, canvas);
    const [own] = measured;
    const title = `${network.title}, ${made}`;
    const says = own
      ? `${ofText(own.fooling)} held-out photographs misread (95 % interval ${intervalText(own.fooling)})`
      : 'not measured';
    const time = make('time', {
      dateTime: at,
      textContent: new Date(at).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'short' }),
    });
    const button = (text: string, data: Record<string, string>, what: string) => {
      const made = make('button', { type: 'button', textContent: text });
      Object.assign(made.dataset, data);
      made.setAttribute('aria-label', `${text}: ${what}`);
      return made;
    };
    const lab =
      canvas === this.#canvas
        ? [
            make('a', {
              href: labAddress(pattern, this.#networks),
              textContent: 'Try it in the lab',
              className: 'button',
            }),
          ]
        : [];
    const files = (['npy', 'safetensors', 'preview', 'record'] as const).map((kind) =>
      button(kind === 'preview' ? 'PNG' : kind === 'record' ? 'record' : `.${kind}`, { save: kind, of: id }, title),
    );
    return make(
      'li',
      {},
      picture,
      make(
        'div',
        {},
        make('p', {}, title),
        make('p', { className: 'small soft num' }, `${says}; kept `, time),
        make('div', { className: 'buttons sans' }, ...lab, ...files, button('Forget', { forget: id }, title)),
      ),
    );
  }
}
