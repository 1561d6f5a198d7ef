import type { Prediction } from '#shared/release';
import type { Pixels } from './protocol.ts';

const percent = (value: number) => `${(value * 100).toFixed(1)}\u202f%`;

/** What is on the screen of the lab; nothing in here decides anything. */
export class LabView {
  readonly #root: HTMLElement;

  constructor(root: HTMLElement) {
    this.#root = root;
  }

  get<T extends HTMLElement>(name: string): T {
    const element = this.#root.querySelector<T>(`[data-${name}]`);
    if (!element)
      throw new Error(`The lab has no element data-${name}: its markup and its script are of different versions.`);
    return element;
  }

  paint(name: 'perturbed' | 'clean', pixels: Pixels, size: number) {
    const canvas = this.get<HTMLCanvasElement>(name);
    canvas.width = size;
    canvas.height = size;
    canvas.getContext('2d')?.putImageData(new ImageData(pixels, size, size), 0, 0);
    canvas.dataset.painted = '';
  }

  /** The label that the network gives now, and the one that it gives to the clean photo. */
  labels(clean: Prediction[], perturbed: Prediction[], strength: number) {
    const fooled = clean[0].index !== perturbed[0].index;
    const label = this.get('label');
    label.textContent = perturbed[0].label;
    label.classList.toggle('fooled', fooled);
    this.get('probability').textContent = percent(perturbed[0].probability);
    this.get('verdict').innerHTML = '';
    this.get('verdict').append(
      ...(fooled
        ? [
            span('fooled', 'fooled'),
            ': without the perturbation it reads ',
            em(clean[0].label),
            `, ${percent(clean[0].probability)}`,
          ]
        : [strength === 0 ? 'this is the photograph as it is' : 'not fooled: the label is that of the photograph']),
    );
    this.get('clean-label').textContent = `${clean[0].label}, ${percent(clean[0].probability)}`;
    const rows = perturbed.map(({ index, label: name, probability }) => {
      const row = document.createElement('li');
      if (index === clean[0].index) row.classList.add('true');
      row.append(span('name', name), span('bar', ''), span('num', percent(probability)));
      row.style.setProperty('--share', String(probability));
      return row;
    });
    this.get('top').replaceChildren(...rows);
    this.#root.dataset.fooled = String(fooled);
  }

  status(text: string, failed = false) {
    const status = this.get('status');
    status.textContent = text;
    status.classList.toggle('failed', failed);
  }

  progress(loaded: number, total: number) {
    const bar = this.get<HTMLProgressElement>('progress');
    bar.hidden = loaded >= total;
    bar.max = Math.max(total, 1);
    bar.value = loaded;
  }
}

function span(className: string, text: string) {
  const element = document.createElement('span');
  element.className = className;
  element.textContent = text;
  return element;
}

function em(text: string) {
  const element = document.createElement('em');
  element.textContent = text;
  return element;
}
