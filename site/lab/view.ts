import { isOwnNetwork } from '../own-network/network.ts';
import type { Way } from './failure.ts';
import { isFooled, type Lab, type Picture, type Reading } from './machine.ts';
import type { LabState } from './state.ts';
import { distortionText, type Piece, percent, progressText, saidOf, staleText, verdictOf } from './words.ts';

/** What people call what a question names. */
export interface Names {
  photo: string;
  model: string;
  plate: string;
}

const ways: Record<Way, string> = {
  again: 'Try again',
  edge: 'Ask the edge',
  browser: 'Use this browser',
  another: 'Choose another photograph',
};

/** What is on the screen of the lab; nothing in here decides anything. */
export class LabView {
  readonly #root: HTMLElement;
  readonly #size: number;
  /** The photo that is on the screen; at first the one that the page came with. */
  #painted: string | null;

  constructor(root: HTMLElement, size: number) {
    this.#root = root;
    this.#size = size;
    this.#painted = this.get('frame').dataset.photo ?? null;
  }

  get<T extends HTMLElement>(name: string): T {
    const element = this.#root.querySelector<T>(`[data-${name}]`);
    if (!element)
      throw new Error(`The lab has no element data-${name}: its markup and its script are of different versions.`);
    return element;
  }

  /**
   * @param namesOf what is asked for, by name
   * @param isHeld the visitor looks at the photo without the pattern
   */
  show(lab: Lab, namesOf: (question: LabState) => Names, isHeld = false): void {
    const { phase, question, picture, reading, before } = lab;
    const names = namesOf(question);
    this.#root.dataset.phase = phase;
    this.#showPicture(lab, names);
    const answer =
      phase === 'answered' && reading ? (isHeld ? { ...reading, perturbed: reading.clean } : reading) : null;
    this.#root.toggleAttribute('data-held', isHeld);
    this.get('reader').textContent = answer ? `${names.model} reads` : `${names.model} is asked`;
    this.#showReading(answer ?? before?.reading ?? null);
    this.get('verdict').replaceChildren(
      ...(answer ? verdictOf(answer, isHeld ? 0 : question.strength).map(inline) : []),
      ...(phase === 'waiting' && before ? [staleText(namesOf(before.question), before.question.strength)] : []),
    );
    this.get('distortion').textContent = picture ? distortionText(picture) : '\u00a0';
    this.#showFailure(lab);
    this.#showProgress(lab);
  }

  /** One sentence for those who listen. */
  say(lab: Lab, names: Names): void {
    this.get('said').textContent = saidOf(lab, names);
  }

  #showPicture({ phase, picture, question }: Lab, names: Names) {
    const frame = this.get('frame');
    frame.setAttribute('aria-label', `${names.photo}. Hold to see it without the pattern`);
    if (picture) {
      this.#paint('clean', picture.clean);
      this.#paint('perturbed', picture.perturbed);
      this.#painted = question.photo;
    } else if (phase === 'failed') {
      for (const name of ['clean', 'perturbed'] as const) delete this.get<HTMLCanvasElement>(name).dataset.painted;
      this.#painted = null;
    }
    // Of a photo that is on its way the one before is shown, as what it is.
    const isOld = this.#painted !== null && this.#painted !== question.photo;
    frame.dataset.picture = this.#painted === null ? 'none' : isOld ? 'old' : 'its own';
  }

  #paint(name: 'perturbed' | 'clean', pixels: Picture['clean']) {
    const canvas = this.get<HTMLCanvasElement>(name);
    canvas.width = this.#size;
    canvas.height = this.#size;
    canvas.getContext('2d')?.putImageData(new ImageData(pixels, this.#size, this.#size), 0, 0);
    canvas.dataset.painted = '';
  }

  #showReading(reading: Reading | null) {
    const fooled = reading !== null && isFooled(reading);
    this.#root.dataset.fooled = String(fooled);
    const label = this.get('label');
    label.textContent = reading?.perturbed[0].label ?? '\u00a0';
    label.style.setProperty('--letters', String(label.textContent.length));
    label.classList.toggle('fooled', fooled);
    this.get('probability').textContent = reading ? percent(reading.perturbed[0].probability) : '';
    const clean = reading?.clean[0];
    this.get('clean-label').textContent = clean ? `${clean.label}, ${percent(clean.probability)}` : '\u00a0';
    const rows = (reading?.perturbed ?? []).map(({ index, label: name, probability }) => {
      const row = document.createElement('li');
      if (index === clean?.index) row.classList.add('true');
      row.append(span('name', name), span('bar', ''), span('num', percent(probability)));
      row.style.setProperty('--share', String(probability));
      return row;
    });
    this.get('top').replaceChildren(...rows);
  }

  #showFailure({ failure, isSlow, question }: Lab) {
    const others: Way[] = isOwnNetwork(question.model) ? [] : ['edge'];
    const offered: readonly Way[] = failure?.ways ?? (isSlow ? ['again', ...others] : []);
    this.get('failure').hidden = offered.length === 0;
    this.get('cause').textContent = failure?.says ?? (isSlow ? 'This takes long.' : '');
    this.get('ways').replaceChildren(
      ...offered.map((way) => {
        const button = document.createElement('button');
        button.type = 'button';
        button.dataset.way = way;
        button.textContent = ways[way];
        return button;
      }),
    );
  }

  #showProgress({ phase, progress, reading }: Lab) {
    const bar = this.get<HTMLProgressElement>('progress');
    const isLoading = phase === 'waiting' && progress !== null && progress.loaded < progress.total;
    bar.hidden = !isLoading;
    bar.max = Math.max(progress?.total ?? 1, 1);
    bar.value = progress?.loaded ?? 0;
    this.get('took').textContent =
      phase === 'answered' ? (reading?.took ?? '') : phase === 'waiting' ? progressText(progress) : '';
  }
}

/** A piece of a sentence: plain, or of a kind. */
const inline = (piece: Piece): string | HTMLElement => {
  if (typeof piece === 'string') return piece;
  if ('label' in piece) {
    const element = document.createElement('em');
    element.textContent = piece.label;
    return element;
  }
  return 'mark' in piece ? span('mark', piece.mark) : span('fooled', piece.fooled);
};

function span(className: string, text: string) {
  const element = document.createElement('span');
  element.className = className;
  element.textContent = text;
  return element;
}
