/** What a craft has found, and what can be done with it. */

import { percent } from '../lab/words.ts';
import { make, named, tell } from './dom.ts';
import type { Craft } from './machine.ts';
import type { CraftMeasured } from './protocol.ts';
import { foundText, intervalText, ofText } from './words.ts';

export class Results {
  readonly #root: HTMLElement;
  #measured: readonly CraftMeasured[] | null = null;

  constructor(root: HTMLElement) {
    this.#root = root;
  }

  show(craft: Craft): void {
    const { result, measured, order, phase, failure } = craft;
    this.#root.hidden = !result;
    if (!result || !order) return;
    const isOver = phase === 'done';
    tell(
      this.#root,
      'found',
      measured.length > 0 || isOver ? foundText(craft, order.network.title) : 'Measuring\u2026',
    );
    const unmeasured = isOver && failure !== null && measured.length > 0;
    tell(this.#root, 'unmeasured', unmeasured ? `What is not in the table could not be measured: ${failure}` : '');
    named(this.#root, 'take').hidden = !isOver;
    tell(this.#root, 'evaluate', evaluateCommand(order.network.id));
    if (measured === this.#measured) return;
    this.#measured = measured;
    named(this.#root, 'table').hidden = measured.length === 0;
    named(this.#root, 'rows').replaceChildren(...measured.map((one, i) => row(one, i === 0)));
  }
}

/** What says the same on the command line, in a folder of the downloaded files. */
export const evaluateCommand = (model: string) =>
  `npx atlas evaluate --perturbation perturbation.npy --model ${/^own\./.test(model) ? 'card.json' : model} --photos other-photos/`;

function row({ title, fooling, noise }: CraftMeasured, isOwn: boolean): HTMLTableRowElement {
  const head = make('th', { scope: 'row', textContent: title, className: isOwn ? 'self' : '' });
  const cell = (text: string, className = 'n') => make('td', { className, textContent: text });
  const bar = make('td', { className: 'bars' });
  for (const [name, share] of [
    ['of-pattern', fooling],
    ['of-noise', noise],
  ] as const) {
    const line = make('span', { className: name });
    line.style.setProperty('--share', String(share.ratio));
    bar.append(line);
  }
  bar.setAttribute('aria-hidden', 'true');
  return make(
    'tr',
    {},
    head,
    cell(percent(fooling.ratio), 'n fooled'),
    cell(percent(noise.ratio)),
    bar,
    cell(intervalText(fooling)),
    cell(ofText(fooling)),
  );
}
