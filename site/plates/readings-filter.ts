/**
 * Enhances a list of readings: as another network reads them, those that are fooled or resist, and those of one label,
 * in the address too.
 */
import { photosOf, reading } from '../transfer/behind.ts';
import type { BehindPhoto } from '../transfer/protocol.ts';

const fields = ['network', 'which', 'label'] as const;

class ReadingsFilter extends HTMLElement {
  #listening: AbortController | undefined;
  /** Of the readings that stand here; "": those that the page was built with. */
  #network = '';

  connectedCallback() {
    this.#listening = new AbortController();
    const { signal } = this.#listening;
    const form = this.querySelector('form');
    if (!form) return;
    const asked = new URLSearchParams(location.search);
    this.#restore(form, asked, ['network']);
    this.#show(form, asked);
    form.addEventListener('change', () => this.#chosen(form), { signal });
  }

  disconnectedCallback() {
    this.#listening?.abort();
  }

  #restore(form: HTMLFormElement, asked: URLSearchParams, names: readonly (typeof fields)[number][]) {
    for (const name of names) {
      const field = form.elements.namedItem(name) as RadioNodeList | HTMLSelectElement | null;
      if (!field) continue;
      field.value = asked.get(name) ?? '';
      // An address may name what is not there.
      if (field.value !== (asked.get(name) ?? '')) field.value = '';
    }
  }

  #chosen(form: HTMLFormElement) {
    const url = new URL(location.href);
    for (const [name, value] of new FormData(form)) {
      if (value) url.searchParams.set(name, String(value));
      else url.searchParams.delete(name);
    }
    history.replaceState(null, '', url);
    this.#show(form, url.searchParams);
  }

  /** @param asked which and what label, which the readings of another network may not have */
  async #show(form: HTMLFormElement, asked: URLSearchParams) {
    const network = form.elements.namedItem('network') as HTMLSelectElement | null;
    if (network && network.value !== this.#network) {
      const { value } = network;
      const photos = await photosOf(this.dataset.plate ?? '', network.selectedOptions[0].dataset.id ?? '').catch(
        () => null,
      );
      // The visitor may have chosen another one meanwhile.
      if (network.value !== value) return;
      if (!photos) {
        network.value = this.#network;
        this.#tell('The readings could not be fetched. Choose the network again.');
        return;
      }
      this.#network = value;
      this.#list(photos);
      this.#labels(form);
    }
    this.#restore(form, asked, ['which', 'label']);
    this.#apply(form);
  }

  #list(photos: readonly BehindPhoto[]) {
    const items = photos.map((photo) => {
      const item = reading(photo);
      Object.assign(item.dataset, { fooled: String(photo.fooled), label: photo.after[0] });
      return item;
    });
    this.querySelector('.readings')?.replaceChildren(...items);
  }

  /** The labels and counts of the list that stands here. */
  #labels(form: HTMLFormElement) {
    const items = [...this.querySelectorAll<HTMLElement>('.readings > li')];
    const labels = [...Map.groupBy(items, ({ dataset }) => dataset.label ?? '')]
      .map(([label, of]) => ({ label, count: of.length }))
      .sort((a, b) => b.count - a.count || a.label.localeCompare(b.label));
    const select = form.elements.namedItem('label') as HTMLSelectElement;
    select.replaceChildren(
      new Option('anything', ''),
      ...labels.map(({ label, count }) => new Option(`${label} (${count})`, label)),
    );
    const fooled = items.filter(({ dataset }) => dataset.fooled === 'true').length;
    const counts = { '': items.length, fooled, resists: items.length - fooled };
    for (const [of, count] of Object.entries(counts)) {
      const out = this.querySelector(`[data-of="${of}"]`);
      if (out) out.textContent = String(count);
    }
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
    this.#tell(`${count} ${count === 1 ? 'photograph' : 'photographs'}`);
  }

  #tell(text: string) {
    const out = this.querySelector('[data-count]');
    if (out) out.textContent = text;
  }
}

if (!customElements.get('readings-filter')) customElements.define('readings-filter', ReadingsFilter);
