/** What a visitor may do to a craft that is under way: hold it, let it go on, end it. */
export class Control {
  /** It ends with what it has. */
  stopped = false;
  /** Milliseconds that it was held. */
  held = 0;
  #goOn: (() => void) | null = null;
  #waiting: Promise<void> | null = null;

  pause(): void {
    this.#waiting ??= new Promise((resolve) => {
      this.#goOn = resolve;
    });
  }

  goOn(): void {
    this.#goOn?.();
    this.#goOn = null;
    this.#waiting = null;
  }

  stop(): void {
    this.stopped = true;
    this.goOn();
  }

  /** Resolves at once, or when it may go on. */
  async gate(): Promise<void> {
    const since = performance.now();
    while (this.#waiting) await this.#waiting;
    this.held += performance.now() - since;
  }
}
