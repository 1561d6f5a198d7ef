/**
 * A menu of networks with those that the visitor brought, and one entry that opens the dialog to bring another. What it
 * needs is loaded when it is wanted.
 */
import { isOwnNetwork, type OwnNetworkSummary } from './network.ts';

/** The value of the entry that opens the dialog. */
const ANOTHER = 'own';

export class OwnMenu {
  readonly #select: HTMLSelectElement;
  readonly #dialog: HTMLDialogElement | null;
  /** What they are called and what they take, by id. */
  readonly #networks = new Map<string, OwnNetworkSummary>();

  /**
   * @param root has the menu, a select called `model`, and the dialog
   * @param on.chosen a network was brought or chosen in the dialog
   * @param on.forgotten one is no longer there
   */
  constructor(
    root: HTMLElement,
    on: { chosen(network: OwnNetworkSummary): void; forgotten(id: string): void },
    signal: AbortSignal,
  ) {
    this.#select = root.querySelector('select[name=model]') as HTMLSelectElement;
    this.#dialog = root.querySelector('[data-own-dialog]');
    if (!this.#dialog) return;
    this.#select.add(new Option('your own network…', ANOTHER));
    root.addEventListener(
      'atlas-own-network',
      ({ detail: network }) => {
        this.#add(network);
        this.#dialog?.close();
        on.chosen(network);
      },
      { signal },
    );
    root.addEventListener(
      'atlas-own-network-forgotten',
      ({ detail: id }) => {
        this.#networks.delete(id);
        this.#optionOf(id)?.remove();
        on.forgotten(id);
      },
      { signal },
    );
  }

  /** Whether a value of the menu is the entry that opens the dialog; then it opens. */
  opens(value: string): boolean {
    if (value !== ANOTHER) return false;
    import('./element.ts').then(() => this.#dialog?.showModal());
    return true;
  }

  /** Puts all networks that this browser has into the menu. */
  async load(): Promise<void> {
    const { ownNetworks } = await import('./index.ts');
    for (const network of await ownNetworks()) this.#add(network);
  }

  of(id: string): OwnNetworkSummary | undefined {
    return this.#networks.get(id);
  }

  get all(): OwnNetworkSummary[] {
    return [...this.#networks.values()];
  }

  #add(network: OwnNetworkSummary) {
    this.#networks.set(network.id, network);
    const known = this.#optionOf(network.id);
    if (known) known.textContent = nameOf(network);
    else this.#select.add(new Option(nameOf(network), network.id), this.#optionOf(ANOTHER));
  }

  #optionOf(value: string): HTMLOptionElement | null {
    return [...this.#select.options].find((option) => option.value === value) ?? null;
  }
}

const nameOf = ({ title }: OwnNetworkSummary) => `${title} (your own)`;

/** The visitor's network that an address names; null where it names none. */
export function askedFor(query: string): string | null {
  const id = new URLSearchParams(query).get('model');
  return id !== null && isOwnNetwork(id) ? id : null;
}

/** Why a network that an address names is not there. */
export const notHere = (id: string) =>
  `The address names a network that somebody brought (${id}), and this browser does not have it: such networks stay in the browser that they were brought to.`;

declare global {
  interface HTMLElementEventMap {
    'atlas-own-network': CustomEvent<OwnNetworkSummary>;
    'atlas-own-network-forgotten': CustomEvent<string>;
  }
}
