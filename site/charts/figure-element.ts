/**
 * Enhances a figure that was drawn at build time: its marks are one tab stop, arrow keys go from mark to mark, and the
 * mark under focus or pointer is told in words below.
 */
class AtlasFigure extends HTMLElement {
  #listening: AbortController | undefined;

  connectedCallback() {
    this.#listening = new AbortController();
    const { signal } = this.#listening;
    const marks = [...this.querySelectorAll<HTMLElement | SVGElement>('[data-said]')];
    for (const mark of marks) {
      mark.tabIndex = -1;
      if (!mark.matches('li')) mark.setAttribute('role', 'img');
      if (!mark.matches('li')) mark.setAttribute('aria-label', mark.dataset.said ?? '');
    }
    if (marks[0]) marks[0].tabIndex = 0;
    this.addEventListener('keydown', (event) => this.#move(event, marks), { signal });
    this.addEventListener('focusin', ({ target }) => this.#tell(target), { signal });
    this.addEventListener('pointerover', ({ target }) => this.#tell(target), { signal });
  }

  disconnectedCallback() {
    this.#listening?.abort();
  }

  #move(event: KeyboardEvent, marks: (HTMLElement | SVGElement)[]) {
    const at = marks.indexOf(event.target as HTMLElement);
    const last = marks.length - 1;
    const to = { ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1, Home: 0, End: last }[
      event.key
    ];
    if (at < 0 || to === undefined) return;
    event.preventDefault();
    const next = marks[Math.min(last, Math.max(0, to))];
    marks[at].tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  }

  #tell(target: EventTarget | null) {
    const mark = target instanceof Element ? target.closest<HTMLElement>('[data-said]') : null;
    const told = this.querySelector('[data-told]');
    if (mark && told) told.textContent = mark.dataset.said ?? '';
  }
}

if (!customElements.get('atlas-figure')) customElements.define('atlas-figure', AtlasFigure);

export {};
