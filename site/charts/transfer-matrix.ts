/**
 * Enhances the transfer matrix that was rendered at build time: arrow keys, Home and End move between the cells of the
 * grid (WAI-ARIA grid pattern, one tab stop), and the cell under focus or pointer is told in words below. The full one
 * can be seen and ordered in other ways, which the address says, and opens what is behind a cell, whose address is the
 * fragment that names it.
 */
import { behindOf } from '../transfer/behind.ts';
import { shaded, unpacked, type View } from '../transfer/cell.ts';

class TransferMatrix extends HTMLElement {
  #listening: AbortController | undefined;

  connectedCallback() {
    this.#listening = new AbortController();
    const { signal } = this.#listening;
    for (const cell of this.querySelectorAll<HTMLElement>('tbody td')) cell.tabIndex = -1;
    const first = this.querySelector<HTMLElement>('tbody td');
    if (first) first.tabIndex = 0;
    this.addEventListener('keydown', (event) => this.#move(event), { signal });
    this.addEventListener('focusin', (event) => this.#tell(event.target), { signal });
    this.addEventListener('pointerover', (event) => this.#tell(event.target), { signal });
    if (this.dataset.full === undefined) return;
    this.addEventListener('change', () => this.#choose(), { signal });
    addEventListener('hashchange', () => this.#open(), { signal });
    addEventListener('popstate', () => this.#restore(), { signal });
    this.#restore();
    this.#open();
  }

  disconnectedCallback() {
    this.#listening?.abort();
  }

  get #rows() {
    return [...this.querySelectorAll<HTMLTableRowElement>('tbody tr')].map((row) => [...row.querySelectorAll('td')]);
  }

  get #heads() {
    return [...this.querySelectorAll<HTMLElement>('thead th[data-target]')];
  }

  #move(event: KeyboardEvent) {
    const cell = (event.target as Element).closest('td');
    if (!cell) return;
    const rows = this.#rows;
    let row = rows.findIndex((cells) => cells.includes(cell));
    let column = rows[row].indexOf(cell);
    const lastRow = rows.length - 1;
    const lastColumn = rows[row].length - 1;
    if (event.key === 'ArrowRight') column = Math.min(lastColumn, column + 1);
    else if (event.key === 'ArrowLeft') column = Math.max(0, column - 1);
    else if (event.key === 'ArrowDown') row = Math.min(lastRow, row + 1);
    else if (event.key === 'ArrowUp') row = Math.max(0, row - 1);
    else if (event.key === 'Home') [row, column] = event.ctrlKey ? [0, 0] : [row, 0];
    else if (event.key === 'End') [row, column] = event.ctrlKey ? [lastRow, lastColumn] : [row, lastColumn];
    else if (event.key === 'Enter' && event.target === cell) {
      cell.querySelector('a')?.click();
      return;
    } else return;
    event.preventDefault();
    for (const cells of rows) for (const other of cells) other.tabIndex = -1;
    rows[row][column].tabIndex = 0;
    rows[row][column].focus();
  }

  #tell(target: EventTarget | null) {
    const cell = target instanceof Element ? target.closest<HTMLElement>('td[data-said]') : null;
    const said = this.querySelector('[data-matrix-said]');
    if (cell && said) said.textContent = cell.dataset.said ?? '';
  }

  #select(name: string) {
    return this.querySelector<HTMLSelectElement>(`select[name=${name}]`);
  }

  #restore() {
    const query = new URLSearchParams(location.search);
    for (const name of ['view', 'order']) {
      const select = this.#select(name);
      if (!select) continue;
      select.value = query.get(name) ?? '';
      // An address may name what is not there.
      if (select.selectedIndex < 0) select.selectedIndex = 0;
    }
    this.#draw();
  }

  #choose() {
    const url = new URL(location.href);
    for (const name of ['view', 'order']) {
      const value = this.#select(name)?.value;
      if (value) url.searchParams.set(name, value);
      else url.searchParams.delete(name);
    }
    history.replaceState(null, '', url);
    this.#draw();
  }

  #draw() {
    const view = (this.#select('view')?.value || 'ratio') as View;
    for (const cell of this.querySelectorAll<HTMLElement>('td[data-views]')) {
      const shown = unpacked(cell.dataset.views ?? '')[view];
      const [link, below] = [cell.querySelector('a'), cell.querySelector('.interval')];
      if (link) link.textContent = shown?.text ?? '–';
      if (below) below.textContent = shown?.below ?? '';
      cell.style.cssText = shown ? shaded(shown) : '--cell:transparent;--on:var(--ink)';
    }
    this.querySelector<HTMLElement>('.legend')?.toggleAttribute('hidden', view !== 'ratio');
    const order = this.#select('order')?.value || 'given';
    const place = (element: Element) => Number((element as HTMLElement).dataset[order]);
    const body = this.querySelector('tbody');
    body?.append(...[...body.children].sort((a, b) => place(a) - place(b)));
    // Cells stand below the heads of their columns, which know their places.
    const heads = this.#heads;
    const columns = [...heads.keys()].sort((a, b) => place(heads[a]) - place(heads[b]));
    for (const row of this.querySelectorAll('tr')) {
      const cells = [...row.children].slice(-heads.length);
      row.append(...columns.map((i) => cells[i]));
    }
  }

  /** What is behind the cell that the address names. */
  async #open() {
    const panel = this.querySelector<HTMLElement>('[data-behind]');
    if (!panel) return;
    const name = decodeURIComponent(location.hash.slice(1));
    const cell = [...this.querySelectorAll<HTMLTableCellElement>('td[data-views]')].find(
      (one) => one.querySelector('a')?.hash === `#${name}`,
    );
    for (const other of this.querySelectorAll('td[data-open]')) other.removeAttribute('data-open');
    panel.hidden = !cell;
    if (!cell) return;
    cell.dataset.open = '';
    const { plate = '' } = (cell.parentElement as HTMLElement).dataset;
    const { target = '' } = this.#heads[cell.cellIndex - 1].dataset;
    panel.replaceChildren(await behindOf(plate, target, cell.dataset.said ?? ''));
    panel.scrollIntoView({ block: 'nearest' });
    panel.focus({ preventScroll: true });
  }
}

if (!customElements.get('transfer-matrix')) customElements.define('transfer-matrix', TransferMatrix);
