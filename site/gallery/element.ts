/** Enhances the gallery: narrowed down, ordered, two plates beside each other; all of it in the address. */
const MOST = 2;

class PlateGallery extends HTMLElement {
  #listening: AbortController | undefined;

  connectedCallback() {
    this.#listening = new AbortController();
    const { signal } = this.#listening;
    const form = this.querySelector('form');
    if (!form) return;
    this.#restore();
    this.addEventListener('change', (event) => this.#changed(event.target as HTMLElement), { signal });
    this.addEventListener('click', ({ target }) => (target as Element).matches('[data-clear]') && this.#clear(), {
      signal,
    });
    addEventListener('popstate', () => this.#restore(), { signal });
  }

  disconnectedCallback() {
    this.#listening?.abort();
  }

  get #choices() {
    return [...this.querySelectorAll<HTMLSelectElement>('select')];
  }

  get #compared() {
    return [...this.querySelectorAll<HTMLInputElement>('[name=compare]')];
  }

  get #items() {
    return [...this.querySelectorAll<HTMLElement>('.plates > li')];
  }

  #restore() {
    const query = new URLSearchParams(location.search);
    for (const select of this.#choices) {
      select.value = query.get(select.name) ?? '';
      // An address may name what is not there.
      if (select.selectedIndex < 0) select.selectedIndex = 0;
    }
    const wanted = (query.get('compare') ?? '').split(',').slice(0, MOST);
    for (const box of this.#compared) box.checked = wanted.includes(box.value);
    this.#apply();
  }

  #changed(target: HTMLElement) {
    if (target instanceof HTMLInputElement && target.checked) {
      const others = this.#compared.filter((box) => box.checked && box !== target);
      for (const box of others.slice(0, others.length - MOST + 1)) box.checked = false;
    }
    const url = new URL(location.href);
    const set = (name: string, value: string) =>
      value ? url.searchParams.set(name, value) : url.searchParams.delete(name);
    for (const { name, value } of this.#choices) set(name, value);
    set('compare', this.#chosen().join());
    history.replaceState(null, '', url);
    this.#apply();
  }

  #clear() {
    for (const select of this.#choices) select.selectedIndex = 0;
    for (const box of this.#compared) box.checked = false;
    this.#changed(this);
  }

  #chosen = () => this.#compared.filter(({ checked }) => checked).map(({ value }) => value);

  #apply() {
    const facets = this.#choices.filter(({ name, value }) => name !== 'sort' && value !== '');
    let count = 0;
    for (const item of this.#items) {
      const fits = facets.every(({ name, value }) => (item.dataset[name] ?? '').split('\n').includes(value));
      item.hidden = !fits;
      if (fits) count += 1;
    }
    const out = this.querySelector('[data-count]');
    if (out) out.textContent = `${count} of ${this.#items.length} plates`;
    this.#order(this.#choices.find(({ name }) => name === 'sort')?.value ?? '');
    this.#compare();
  }

  #order(by: string) {
    const value = (item: HTMLElement) => Number(item.dataset[by] ?? 0);
    const items = this.#items.sort((a, b) =>
      by === 'becomes'
        ? (a.dataset.becomes ?? '').localeCompare(b.dataset.becomes ?? '') || value(b) - value(a)
        : by === ''
          ? Number(a.dataset.number) - Number(b.dataset.number)
          : value(b) - value(a),
    );
    this.querySelector('.plates')?.append(...items);
  }

  /** Copies of the two, with what each does on every network. */
  #compare() {
    const place = this.querySelector<HTMLElement>('[data-compared]');
    if (!place) return;
    const chosen = this.#items.filter((item) => item.querySelector<HTMLInputElement>('[name=compare]')?.checked);
    place.hidden = chosen.length === 0;
    const hint = document.createElement('p');
    hint.className = 'soft small';
    hint.textContent = 'Choose another plate to compare it with.';
    place.replaceChildren(
      ...chosen.map((item) => {
        const side = document.createElement('div');
        const figure = item.querySelector('figure > a')?.cloneNode(true);
        const facts = item.querySelector('template')?.content.cloneNode(true);
        if (figure) side.append(figure);
        if (facts) side.append(facts);
        return side;
      }),
      ...(chosen.length === 1 ? [hint] : []),
    );
  }
}

if (!customElements.get('plate-gallery')) customElements.define('plate-gallery', PlateGallery);

export {};
