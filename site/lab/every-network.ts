/** What every network reads in the picture on the screen, before and after: a table that belongs to one question. */
import { failureOf } from './failure.ts';
import { isFooled, type Reading } from './machine.ts';
import { askedOf, type LabState } from './state.ts';
import { percent } from './words.ts';

export class EveryNetwork {
  readonly #table: HTMLTableElement;
  readonly #models: readonly { id: string; title: string }[];
  readonly #read: (question: LabState, signal: AbortSignal) => Promise<Reading>;
  #asking = new AbortController();
  #of = '';

  constructor(
    table: HTMLTableElement,
    models: readonly { id: string; title: string }[],
    read: (question: LabState, signal: AbortSignal) => Promise<Reading>,
  ) {
    this.#table = table;
    this.#models = models;
    this.#read = read;
  }

  /** Clears the table where it belongs to another question; which network was asked makes none. */
  keep(question: LabState): void {
    if (keyOf(question) === this.#of) return;
    this.#asking.abort();
    this.#of = '';
    this.#table.hidden = true;
  }

  /** Asks one network after the other. */
  async ask(question: LabState): Promise<void> {
    this.#asking.abort();
    this.#asking = new AbortController();
    const { signal } = this.#asking;
    this.#of = keyOf(question);
    const body = this.#table.tBodies[0];
    body.replaceChildren(...this.#models.map(({ title }) => rowOf(title, ['…'])));
    this.#table.hidden = false;
    for (const [i, { id, title }] of this.#models.entries()) {
      const cells = await this.#read(askedOf(question, id), signal).then(cellsOf, (error: unknown) => [
        failureOf(error, question).says,
      ]);
      if (signal.aborted) return;
      body.rows[i]?.replaceWith(rowOf(title, cells));
    }
  }

  stop(): void {
    this.#asking.abort();
  }
}

const keyOf = ({ photo, perturbation, strength, where }: LabState) =>
  JSON.stringify([photo, perturbation, strength, where]);

type Cell = string | { text: string; isFooled: boolean };

function cellsOf(reading: Reading): Cell[] {
  const named = ([{ label, probability }]: Reading['clean']) => `${label}, ${percent(probability)}`;
  const fooled = isFooled(reading);
  return [named(reading.clean), { text: `${named(reading.perturbed)}${fooled ? ', fooled' : ''}`, isFooled: fooled }];
}

function rowOf(title: string, cells: readonly Cell[]): HTMLTableRowElement {
  const row = document.createElement('tr');
  const head = document.createElement('th');
  head.scope = 'row';
  head.textContent = title;
  row.append(head);
  for (const cell of cells) {
    const element = document.createElement('td');
    element.textContent = typeof cell === 'string' ? cell : cell.text;
    if (typeof cell !== 'string' && cell.isFooled) element.className = 'fooled';
    if (cells.length === 1) element.colSpan = 2;
    row.append(element);
  }
  return row;
}
