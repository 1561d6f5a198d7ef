/** Asks for what the lab shows, one question at a time. It knows neither the page nor where answers come from. */
import { failureOf } from './failure.ts';
import { idle, type Lab, type LabEvent, next, type Picture, type Progress, type Reading } from './machine.ts';
import type { LabState } from './state.ts';

/** Where pictures and readings come from. An aborted request may end in whatever way, or never. */
export interface Sources {
  picture(question: LabState, signal: AbortSignal): Promise<Picture>;
  reading(question: LabState, signal: AbortSignal, onProgress: (progress: Progress) => void): Promise<Reading>;
  /** Forgets what failed, so that the same question can be asked anew. */
  renew(): void;
}

/** After so many milliseconds in which nothing came, another way is offered. */
const SLOW_MS = 12_000;

export class Conductor {
  readonly #sources: Sources;
  readonly #show: (lab: Lab) => void;
  #lab: Lab;
  #asking = new AbortController();
  #patience: ReturnType<typeof setTimeout> | undefined;

  constructor(question: LabState, sources: Sources, show: (lab: Lab) => void) {
    this.#lab = idle(question);
    this.#sources = sources;
    this.#show = show;
  }

  get lab(): Lab {
    return this.#lab;
  }

  /** Asks a question in place of whatever was asked before. */
  ask(question: LabState): void {
    this.#asking.abort();
    this.#asking = new AbortController();
    this.#tell({ type: 'asked', question });
    const { asked } = this.#lab;
    const { signal } = this.#asking;
    const fail = (error: unknown) => {
      if (!signal.aborted) this.#tell({ type: 'failed', asked, failure: failureOf(error, question) });
    };
    this.#sources
      .picture(question, signal)
      .then((picture) => this.#tell({ type: 'picture', asked, picture }))
      .catch(fail);
    this.#sources
      .reading(question, signal, (progress) => this.#tell({ type: 'progress', asked, progress }))
      .then((reading) => this.#tell({ type: 'reading', asked, reading }))
      .catch(fail);
  }

  again(): void {
    this.#sources.renew();
    this.ask(this.#lab.question);
  }

  stop(): void {
    this.#asking.abort();
    clearTimeout(this.#patience);
  }

  #tell(event: LabEvent) {
    const before = this.#lab;
    this.#lab = next(before, event);
    if (this.#lab === before) return;
    clearTimeout(this.#patience);
    const { asked, phase } = this.#lab;
    if (phase === 'waiting' && event.type !== 'slow')
      this.#patience = setTimeout(() => this.#tell({ type: 'slow', asked }), SLOW_MS);
    this.#show(this.#lab);
  }
}
