/** Enhances how a plate grew: one moment enlarged, said, and marked on the curve that follows. */
interface Point {
  gradients: number;
  said: string;
}

class PlateGrowth extends HTMLElement {
  #listening: AbortController | undefined;

  connectedCallback() {
    this.#listening = new AbortController();
    const points = JSON.parse(this.dataset.points ?? '[]') as Point[];
    const slider = this.querySelector<HTMLInputElement>('input[type=range]');
    const strip = this.querySelector<HTMLElement>('.growth-strip');
    if (!slider || !strip) return;
    const { signal } = this.#listening;
    slider.addEventListener('input', () => this.#show(points, slider), { signal });
    strip.addEventListener(
      'click',
      (event) => {
        const { left, width } = strip.getBoundingClientRect();
        const place = Math.floor(((event.clientX - left) / width) * points.length);
        slider.value = String(place);
        this.#show(points, slider);
      },
      { signal },
    );
    this.#show(points, slider);
  }

  disconnectedCallback() {
    this.#listening?.abort();
  }

  #show(points: readonly Point[], slider: HTMLInputElement) {
    const at = Number(slider.value);
    const { gradients, said } = points[at];
    this.style.setProperty('--at', String(at));
    slider.setAttribute('aria-valuetext', said);
    const out = this.querySelector('[data-said]');
    if (out) out.textContent = said;
    for (const dot of this.parentElement?.querySelectorAll<SVGElement>('.curve .dot') ?? [])
      dot.classList.toggle('now', dot.dataset.gradients === String(gradients));
  }
}

if (!customElements.get('plate-growth')) customElements.define('plate-growth', PlateGrowth);

export {};
