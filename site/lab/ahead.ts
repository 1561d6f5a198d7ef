/**
 * Loads a network before it is needed, so that strengths between those that the release has measured answer at once:
 * only after an answer stands, the visitor has touched the lab, and the browser has nothing else to do; never where
 * data are dear or the line is slow. What fails here is told to nobody: it is told when somebody asks for it.
 */
import type { Lab } from './machine.ts';
import type { LabState } from './state.ts';

/** After an answer has stood for so many milliseconds nobody is in the middle of something. */
const REST_MS = 800;

/** What browsers that have it know of the line (Network Information API). */
export interface Line {
  saveData?: boolean;
  effectiveType?: string;
}

/** Whether some megabytes may be loaded that nobody has asked for; a browser that does not say is taken for able. */
export const allowsAhead = (line: Line | undefined): boolean =>
  !line?.saveData && (line?.effectiveType ?? '4g') === '4g';

/** Loads all that an answer of this browser to a question needs. */
type Load = (question: LabState, signal: AbortSignal) => Promise<unknown>;

export class Ahead {
  readonly #load: Load;
  readonly #onReady: () => void;
  readonly #isAllowed: boolean;
  readonly #ready = new Set<string>();
  readonly #tried = new Set<string>();
  #stopping = new AbortController();
  #isTouched = false;
  #standing: LabState | null = null;
  #resting: ReturnType<typeof setTimeout> | undefined;

  /** @param onReady called when a network is there that was not */
  constructor(load: Load, onReady: () => void, line: Line | undefined) {
    this.#load = load;
    this.#onReady = onReady;
    this.#isAllowed = allowsAhead(line);
  }

  /** Whether a network is in this browser. */
  isReady(model: string): boolean {
    return this.#ready.has(model);
  }

  /** The visitor has done something in the lab. */
  touched(): void {
    if (this.#isTouched) return;
    this.#isTouched = true;
    this.#rest();
  }

  /** What the lab shows now. */
  shows({ phase, question, reading }: Lab): void {
    clearTimeout(this.#resting);
    this.#standing = phase === 'answered' ? question : null;
    if (reading?.by === 'browser') this.#isThere(question.model);
    else this.#rest();
  }

  /** Whatever was loaded is gone. */
  forget(): void {
    this.#stopping.abort();
    this.#stopping = new AbortController();
    clearTimeout(this.#resting);
    this.#ready.clear();
    this.#tried.clear();
  }

  #rest() {
    const question = this.#standing;
    if (!this.#isAllowed || !this.#isTouched || question?.where !== 'release' || this.#tried.has(question.model))
      return;
    const { signal } = this.#stopping;
    const load = () => {
      if (signal.aborted || this.#standing !== question) return;
      this.#tried.add(question.model);
      this.#load(question, signal).then(
        () => !signal.aborted && this.#isThere(question.model),
        () => {},
      );
    };
    this.#resting = setTimeout(
      () => ('requestIdleCallback' in globalThis ? requestIdleCallback(load) : load()),
      REST_MS,
    );
  }

  #isThere(model: string) {
    if (this.#ready.has(model)) return;
    this.#ready.add(model);
    this.#tried.add(model);
    this.#onReady();
  }
}
