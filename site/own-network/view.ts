/** What is on the screen of `<atlas-own-network>`; nothing in here decides anything. */

import type { Look } from './look.ts';
import type { OwnNetworkSummary } from './network.ts';
import { type Fields, fieldsOf, type Way } from './proposal.ts';
import type { Found } from './protocol.ts';
import { reasonText } from './words.ts';

const percent = (share: number) => `${(100 * share).toFixed(1)}\u202f%`;

export class OwnView {
  readonly #root: HTMLElement;

  constructor(root: HTMLElement) {
    this.#root = root;
  }

  get<T extends HTMLElement>(name: string): T {
    const element = this.#root.querySelector<T>(`[data-${name}]`);
    if (!element) throw new Error(`There is no element data-${name}: markup and script are of different versions.`);
    return element;
  }

  get form(): HTMLFormElement {
    return this.get('form');
  }

  field<T extends HTMLInputElement | HTMLSelectElement = HTMLInputElement>(name: string): T {
    return this.form.elements.namedItem(name) as T;
  }

  /** One sentence for those who listen, and nothing for those who see it anyway. */
  say(text: string): void {
    this.get('own-said').textContent = text;
  }

  /** @param what null: nothing is being done */
  showWork(what: string | null, done = 0, total = 0): void {
    this.get('work').hidden = what === null;
    this.get('doing').textContent = what ?? '';
    const bar = this.get<HTMLProgressElement>('progress');
    if (total > 0) {
      bar.max = total;
      bar.value = done;
    } else bar.removeAttribute('value');
  }

  refuse(text: string | null): void {
    const element = this.get('refused');
    element.hidden = text === null;
    element.textContent = text ?? '';
    if (text !== null) this.say(text);
  }

  showKept(networks: readonly OwnNetworkSummary[]): void {
    this.get('kept').hidden = networks.length === 0;
    this.get('list').replaceChildren(
      ...networks.map(({ id, title, classes, preprocessing, isKept }) => {
        const { inputSize, inputWidth = inputSize } = preprocessing;
        const item = document.createElement('li');
        const facts = `${classes} classes, ${inputWidth} x ${inputSize} pixels${isKept ? '' : ', until this page is left'}`;
        item.append(
          element('strong', title),
          ' ',
          element('span', facts, 'soft'),
          ' ',
          button('Use', { ownUse: id }, `Use ${title}`),
          button('Forget', { ownForget: id }, `Forget ${title}`),
        );
        return item;
      }),
    );
  }

  /** As it is before a file is chosen. */
  clear(): void {
    this.get('about').hidden = true;
    for (const name of ['named', 'reason', 'sure', 'photo-name']) this.get(name).textContent = '';
    for (const label of this.form.querySelectorAll<HTMLElement>('[data-field]')) label.hidden = true;
    this.get('guess').hidden = true;
    this.get('trials').replaceChildren();
    this.form.reset();
  }

  /** What the file is, the fields that it asks for, and the others where it can be used. */
  showFound({ facts, input, outputs, output, refused, guess }: Found, isOpen: boolean): void {
    this.get('about').hidden = false;
    this.get('facts').replaceChildren(
      ...facts.flatMap(([name, text]) => [...(name ? [element('dt', name)] : []), element('dd', text)]),
    );
    for (const label of this.form.querySelectorAll<HTMLElement>('[data-field=size]')) label.hidden = !isOpen;
    if (isOpen && input) {
      this.field('height').value ||= String(input.inputSize);
      this.field('width').value ||= String(input.inputWidth ?? input.inputSize);
    }
    this.get('field=output').hidden = outputs.length < 2;
    this.field<HTMLSelectElement>('output').replaceChildren(
      ...outputs.map((name) => new Option(name, name, false, name === output)),
    );
    this.get('field=layout').hidden = refused === null && !isOpen;
    this.get('usable').hidden = refused !== null;
    this.get('reason').textContent = guess ? reasonText(guess.reason) : '';
  }

  offerGuess(photos: number, fewest: number): void {
    const button = this.get('guess');
    button.hidden = photos < fewest;
    button.textContent = `Find it out on ${photos} photographs whose class is known`;
  }

  /** The choice, and what it is in numbers. */
  showWays(ways: readonly Way[], chosen: number): void {
    this.field<HTMLSelectElement>('way').replaceChildren(
      ...ways.map(({ name }, i) => new Option(name, String(i), false, i === chosen)),
    );
    for (const [name, value] of Object.entries(fieldsOf(ways[chosen].normalisation))) this.field(name).value = value;
  }

  fields(): Fields {
    const value = (name: string) => this.field(name).value;
    return { mean: value('mean'), std: value('std'), range: value('range'), order: value('order') };
  }

  showPhoto(name: string, pixels: Uint8ClampedArray<ArrayBuffer>): void {
    const canvas = this.get<HTMLCanvasElement>('photo');
    const side = Math.sqrt(pixels.length / 4);
    canvas.width = side;
    canvas.height = side;
    canvas.getContext('2d')?.putImageData(new ImageData(pixels, side, side), 0, 0);
    canvas.setAttribute('aria-label', `${name}, as the network reads it`);
    this.get('photo-name').textContent = name;
  }

  showTrials({ ways, chosen, reads, names, guess }: Look): void {
    this.get('top1-head').hidden = guess === null;
    this.get('trials').replaceChildren(
      ...ways.map(({ name }, i) => {
        const row = document.createElement('tr');
        const head = element('th', name);
        head.setAttribute('scope', 'row');
        if (i === chosen) row.setAttribute('aria-current', 'true');
        const read = reads[i];
        row.append(
          head,
          element('td', read ? `${names?.labels[read.index]?.label}, ${percent(read.probability)}` : '…'),
        );
        if (guess) {
          const found = guess.candidates.find((candidate) => candidate.name === name);
          row.append(element('td', found ? `${found.right} of ${guess.photos}` : '', 'num'));
        }
        return row;
      }),
    );
  }
}

function element(kind: string, text: string, className = ''): HTMLElement {
  const made = Object.assign(document.createElement(kind), { className });
  made.textContent = text;
  return made;
}

function button(text: string, data: Record<string, string>, label: string): HTMLButtonElement {
  const made = Object.assign(document.createElement('button'), { type: 'button' });
  made.textContent = text;
  made.setAttribute('aria-label', label);
  Object.assign(made.dataset, data);
  return made;
}
