/** Enhances a list of readings: those that are fooled or resist, and those of one label, in the address too. */
class ReadingsFilter extends HTMLElement {
  #listening: AbortController | undefined;

  connectedCallback() {
    this.#listening = new AbortController();
    const { signal } = this.#listening;
    const form = this.querySelector('form');
    if (!form) return;
    this.#restore(form);
    this.#apply(form);
    form.addEventListener('change', () => this.#chosen(form), { signal });
  }

  disconnectedCallback() {
    this.#listening?.abort();
  }

  #restore(form: HTMLFormElement) {
    const query = new URLSearchParams(location.search);
    for (const name of ['which', 'label'] as const) {
      const field = form.elements.namedItem(name) as RadioNodeList | HTMLSelectElement;
      field.value = query.get(name) ?? '';
      // An address may name what is not there.
      if (field.value !== (query.get(name) ?? '')) field.value = '';
    }
  }

  #chosen(form: HTMLFormElement) {
    const url = new URL(location.href);
    for (const [name, value] of new FormData(form)) {
      if (value) url.searchParams.set(name, String(value));
      else url.searchParams.delete(name);
    }
    history.replaceState(null, '', url);
    this.#apply(form);
  }

  #apply(form: HTMLFormElement) {
    const data = new FormData(form);
    const [which, label] = [data.get('which'), data.get('label')];
    let count = 0;
    for (const item of this.querySelectorAll<HTMLElement>('.readings > li')) {
      const fits =
        (!which || (which === 'fooled') === (item.dataset.fooled === 'true')) &&
        (!label || item.dataset.label === label);
      item.hidden = !fits;
      if (fits) count += 1;
    }
    const out = this.querySelector('[data-count]');
    if (out) out.textContent = `${count} ${count === 1 ? 'photograph' : 'photographs'}`;
  }
}

if (!customElements.get('readings-filter')) customElements.define('readings-filter', ReadingsFilter);

export {};
