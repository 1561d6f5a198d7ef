/** Networks of the visitor's own on the page that crafts: where they are brought, and which there are. */
import type { Norm } from '#shared/release';
import { type OwnNetworkSummary, ownNetworks } from '../own-network/index.ts';
import type { CraftData } from './data.ts';
import { named } from './dom.ts';
import { usesNoCompiler } from './lazy.ts';

/** Whether that is a network, and no picture. */
export const isNetworkFile = ({ name }: File) => /\.(onnx|ort|pb)$/i.test(name);

export class OwnNetworks {
  /** All that this browser keeps. */
  all: OwnNetworkSummary[] = [];
  readonly #root: HTMLElement;
  readonly #data: CraftData;
  /** Usual bounds of norm 2 on other canvases than the release's, by side. */
  readonly #usual = new Map<number, number>();

  constructor(root: HTMLElement, data: CraftData) {
    this.#root = root;
    this.#data = data;
  }

  async refresh(): Promise<void> {
    this.all = await ownNetworks();
  }

  get isOpen(): boolean {
    return !named(this.#root, 'own-part').hidden;
  }

  /** Opens or closes the place where they are brought. */
  async open(isOpen: boolean): Promise<void> {
    named(this.#root, 'bring').setAttribute('aria-expanded', String(isOpen));
    named(this.#root, 'own-part').hidden = !isOpen;
    if (isOpen) await import('../own-network/element.ts');
  }

  /** Looks at a network that was dropped elsewhere on the page, with whatever came with it. */
  async look(files: readonly File[]): Promise<void> {
    const data = new DataTransfer();
    for (const file of files) data.items.add(file);
    await this.open(true);
    const place = this.#root.querySelector('atlas-own-network');
    place?.dispatchEvent(new DragEvent('drop', { dataTransfer: data }));
  }

  /**
   * The epsilon that is usual for a network, the release's or one of these; that of norm 2 grows with the canvas.
   * @param found Called when it is known better than it was at first.
   */
  usualFor(network: string, norm: Norm, found: () => void): number {
    const canvas = this.all.find(({ id }) => id === network)?.canvas ?? this.#data.canvas;
    if (norm === 'inf' || canvas === this.#data.canvas) return this.#data.usual[norm];
    const known = this.#usual.get(canvas);
    if (known !== undefined) return known;
    this.#usual.set(canvas, this.#data.usual[norm]);
    this.#find(canvas).then(found);
    return this.#data.usual[norm];
  }

  async #find(canvas: number) {
    await usesNoCompiler();
    const { epsilonRange } = await import('#shared/release');
    this.#usual.set(canvas, epsilonRange('2', canvas).usual);
  }
}
