/** What stands below the choices of the wall while a network of the visitor's is chosen. */
import type { OwnNetworkSummary } from '../own-network/network.ts';
import { workText } from '../own-network/words.ts';
import type { WallData, WallReadings } from './data.ts';
import { OwnReadings, type PlateOn } from './own.ts';
import type { WallState } from './state.ts';

export class OwnPanel {
  readonly #root: HTMLElement;
  readonly #data: WallData;
  readonly #readings: () => WallReadings | null;
  readonly #onRead: () => void;
  readonly #own: OwnReadings;
  #network: OwnNetworkSummary | null = null;
  #perturbation = '';
  #ending: AbortController | null = null;
  /** What failed or was ended, which is not tried again by itself. */
  #givenUp = '';

  /** @param onRead Something was read that the readings did not have. */
  constructor(root: HTMLElement, data: WallData, readings: () => WallReadings | null, onRead: () => void) {
    this.#root = root;
    this.#data = data;
    this.#readings = readings;
    this.#onRead = onRead;
    this.#own = new OwnReadings(data);
  }

  /** Shows what is known of a network and a pattern, and begins to read what is missing. @param network null: none */
  show(network: OwnNetworkSummary | null, { perturbation }: WallState): void {
    if (network?.id !== this.#network?.id) {
      this.#ending?.abort();
      this.#say('');
    }
    this.#network = network;
    this.#perturbation = perturbation;
    this.#get('panel').hidden = network === null;
    if (!network) return;
    this.#showTable(this.#own.table(network.id), network.title);
    if (!this.#readings()) return;
    const isRead = this.#own.has(network.id, perturbation);
    if (isRead) this.#own.addTo(this.#readings() as WallReadings, network.id, perturbation);
    else if (this.#givenUp !== this.#key) this.read();
    this.#get('again').hidden = isRead || this.#ending !== null;
  }

  get #key(): string {
    return `${this.#network?.id} ${this.#perturbation}`;
  }

  /** Reads the photos with the pattern that is shown. */
  read(): void {
    this.#work([this.#perturbation], false);
  }

  /** Reads them with all patterns, and with noise. */
  readAll(): void {
    this.#work(
      this.#data.perturbations.map(({ id }) => id),
      true,
    );
  }

  cancel(): void {
    this.#ending?.abort();
  }

  stop(): void {
    this.#ending?.abort();
    this.#own.stop();
  }

  async #work(perturbations: string[], hasNoise: boolean) {
    const [network, key] = [this.#network, this.#key];
    if (!network || this.#ending) return;
    this.#ending = new AbortController();
    const { signal } = this.#ending;
    const what = `${network.title} reads ${this.#data.photos.length} photographs`;
    this.#say(`${what}, in this browser.`);
    this.#showProgress(0, 0);
    this.#givenUp = '';
    try {
      await this.#own.read(network.id, perturbations, hasNoise, {
        signal,
        onProgress: ({ done, total, what: detail }) => {
          this.#showProgress(done, total);
          this.#get('doing').textContent = workText(what, detail, done, total);
        },
      });
      this.#say('');
    } catch (error) {
      this.#givenUp = key;
      this.#say(signal.aborted ? 'It was cancelled.' : (error as Error).message);
    } finally {
      this.#ending = null;
      this.#showProgress(null, 0);
    }
    // Another pattern or network may have been chosen meanwhile.
    this.#onRead();
  }

  #say(text: string) {
    this.#get('doing').textContent = text;
  }

  /** @param done null: nothing is being read */
  #showProgress(done: number | null, total: number) {
    const isWorking = done !== null;
    this.#get('progress').hidden = !isWorking;
    this.#get('cancel').hidden = !isWorking;
    this.#get('all').hidden = isWorking;
    if (isWorking) this.#get('again').hidden = true;
    const bar = this.#get<HTMLProgressElement>('progress');
    if (total > 0) {
      bar.max = total;
      bar.value = done ?? 0;
    } else bar.removeAttribute('value');
  }

  #showTable(rows: PlateOn[] | null, title: string) {
    this.#get('table').hidden = rows === null;
    if (!rows) return;
    this.#get('all').hidden = true;
    this.#get('caption').textContent =
      `All plates on ${title}: the share of ${rows[0]?.photos} photographs that get another label, with its 95 % interval`;
    this.#get<HTMLTableSectionElement>('rows').replaceChildren(
      ...rows.map(({ number, name, fooled, noise }) => {
        const row = document.createElement('tr');
        const head = Object.assign(document.createElement('th'), { scope: 'row' });
        head.textContent = `${number}. ${name}`;
        row.append(head, ...[fooled, noise].map(cellOf));
        return row;
      }),
    );
  }

  #get<T extends HTMLElement>(name: string): T {
    const element = this.#root.querySelector<T>(`[data-wall-own=${name}]`);
    if (!element)
      throw new Error(`The wall has no element ${name}: its markup and its script are of different versions.`);
    return element;
  }
}

const percent = (share: number) => `${(100 * share).toFixed(0)}\u202f%`;

function cellOf({ ratio, low, high }: PlateOn['fooled']): HTMLTableCellElement {
  const cell = document.createElement('td');
  cell.className = 'num';
  cell.textContent = `${percent(ratio)} (${(100 * low).toFixed(0)} to ${percent(high)})`;
  return cell;
}
