/** The visitor's networks as the lab has them: entries among the others, and files at addresses of this browser. */
import { askedFor, notHere, OwnMenu } from '../own-network/menu.ts';
import type { OwnNetworkSummary } from '../own-network/network.ts';
import { remember } from '../runtime/remember.ts';
import type { LabData, ModelFiles } from './data.ts';
import { LabError } from './failure.ts';

/**
 * Where a network's graph for a canvas of `size` pixels lies, and its labels.
 * @throws LabError where this browser does not have it any more, or has no room for it
 */
export const ownFiles = (size: number) =>
  remember(async (id: string): Promise<ModelFiles> => {
    const { ownNetwork } = await import('../own-network/index.ts');
    const network = await ownNetwork(id, size).catch((error: unknown) => {
      throw new LabError('network', (error as Error).message, error);
    });
    if (!network)
      throw new LabError('network', 'This browser does not have that network any more. Choose another one.');
    const { bytes, labels } = network;
    const urlOf = (part: BlobPart) => URL.createObjectURL(new Blob([part]));
    return { url: urlOf(bytes), bytes: bytes.byteLength, labels: urlOf(JSON.stringify(labels)) };
  }, 4);

/** The lab's entry of a network; its files are asked for when it reads. */
const entryFor = ({ id, title }: OwnNetworkSummary): LabData['models'][number] => ({
  ...{ id, title, url: '', bytes: 0, labels: '' },
});

/** What is to be known of it beside the menu. @param size of the release's canvas */
function ownNote({ preprocessing: { inputSize, inputWidth = inputSize } }: OwnNetworkSummary, size: number) {
  const other =
    inputSize === size && inputWidth === size
      ? ''
      : ` Its input has ${inputWidth} x ${inputSize} pixels: picture and pattern have ${size} x ${size}, and are resized inside of it.`;
  return `It runs in this browser alone: the release has no answers of it, and the edge does not have it.${other}`;
}

/** The networks of the visitor among those of the lab. */
export class OwnNetworks {
  readonly #menu: OwnMenu;
  readonly #data: LabData;
  /** Said of the address until something else is asked. */
  #addressNote = '';

  /**
   * @param on.chosen one was brought or chosen, and the lab knows it
   * @param on.forgotten the lab knows it no more
   */
  constructor(
    lab: HTMLElement,
    data: LabData,
    on: { chosen(id: string): void; forgotten(id: string): void },
    signal: AbortSignal,
  ) {
    this.#data = data;
    this.#menu = new OwnMenu(
      lab,
      {
        chosen: ({ id }) => {
          this.#add(id);
          on.chosen(id);
        },
        forgotten: (id) => {
          const place = data.models.findIndex((model) => model.id === id);
          if (place >= 0) data.models.splice(place, 1);
          on.forgotten(id);
        },
      },
      signal,
    );
  }

  /** Whether a value of the menu is the entry that opens the dialog; then it opens. */
  opens(value: string): boolean {
    return this.#menu.opens(value);
  }

  /** Puts all that this browser has among the others. */
  async load(): Promise<void> {
    await this.#menu.load().catch(() => {});
    for (const { id } of this.#menu.all) this.#add(id);
  }

  /** What stands below the name of a network. */
  noteOf(model: string): string {
    const network = this.#menu.of(model);
    return network ? ownNote(network, this.#data.size) : this.#addressNote;
  }

  /** Says of the address that it names one that this browser does not have, where it does; null: no longer. */
  noteAddress(query: string | null): void {
    const asked = query === null ? null : askedFor(query);
    this.#addressNote = asked !== null && !this.#menu.of(asked) ? notHere(asked) : '';
  }

  #add(id: string) {
    const network = this.#menu.of(id);
    if (network && !this.#data.models.some((model) => model.id === id)) this.#data.models.push(entryFor(network));
  }
}
