/** Which pattern is on a photograph that the visitor brought: one answer, that belongs to one photograph. */
import { plateName } from './controls.ts';
import type { LabData } from './data.ts';
import { LabError } from './failure.ts';
import { identifiedWords } from './identified.ts';
import type { Identified } from './protocol.ts';
import { isOwnPhoto } from './state.ts';

export class Identify {
  readonly #button: HTMLElement;
  readonly #out: HTMLElement;
  readonly #look: (photo: string, signal: AbortSignal) => Promise<Identified>;
  readonly #plateOf: (id: string) => LabData['perturbations'][number] | undefined;
  #asking = new AbortController();
  #of = '';

  constructor(
    elements: { button: HTMLElement; out: HTMLElement },
    look: (photo: string, signal: AbortSignal) => Promise<Identified>,
    plateOf: (id: string) => LabData['perturbations'][number] | undefined,
  ) {
    this.#button = elements.button;
    this.#out = elements.out;
    this.#look = look;
    this.#plateOf = plateOf;
  }

  /** Offers itself for one's own photographs, and clears what was said of another one. */
  keep({ photo }: { photo: string }): void {
    this.#button.hidden = !isOwnPhoto(photo);
    if (photo === this.#of) return;
    this.stop();
    this.#of = '';
    this.#out.replaceChildren();
  }

  async ask({ photo }: { photo: string }): Promise<void> {
    this.stop();
    this.#asking = new AbortController();
    const { signal } = this.#asking;
    this.#of = photo;
    this.#out.textContent = 'Looking for every plate on it, in this browser…';
    try {
      const found = await this.#look(photo, signal);
      if (!signal.aborted) this.#tell(found);
    } catch (error) {
      if (signal.aborted) return;
      this.#out.textContent = error instanceof LabError ? error.message : new LabError('pattern').message;
    }
  }

  stop(): void {
    this.#asking.abort();
  }

  #tell(found: Identified) {
    const named = found.matches.find((match) => match.named);
    const plate = named && this.#plateOf(named.id);
    const { what, rest } = identifiedWords(
      found,
      plate && plateName(plate).replace(/^./, (first) => first.toUpperCase()),
    );
    const name = plate ? Object.assign(document.createElement('a'), { href: plate.page }) : new Text();
    name.textContent = what;
    this.#out.replaceChildren(name, rest);
  }
}
