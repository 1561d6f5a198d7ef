/**
 * Enhances the page of a table: filters, order, pages and export, over the table's own Parquet file. A page as it
 * stands in the file is read by ranges of it; what looks at all rows reads them once.
 */
import { asyncBufferFromUrl, cachedAsyncBuffer, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { answer, asksAll, csvOf, type Query, type Row, readQuery, writeQuery } from './query.ts';

const PAGE = 50;

class TableViewer extends HTMLElement {
  #listening: AbortController | undefined;
  #query: Query = { filters: new Map(), sort: null, page: 0 };
  #all: Promise<Row[]> | undefined;
  #opened: ReturnType<TableViewer['openFile']> | undefined;
  #turn = 0;

  connectedCallback() {
    this.#listening = new AbortController();
    const { signal } = this.#listening;
    this.addEventListener('input', ({ target }) => target instanceof HTMLInputElement && this.#filter(target), {
      signal,
    });
    this.addEventListener('click', ({ target }) => this.#clicked((target as Element).closest('button')), { signal });
    addEventListener('popstate', () => this.#restore(), { signal });
    this.#restore();
  }

  disconnectedCallback() {
    this.#listening?.abort();
  }

  get #columns() {
    return [...this.querySelectorAll<HTMLElement>('[data-column]')].map(({ dataset }) => dataset.column ?? '');
  }

  async openFile() {
    const file = cachedAsyncBuffer(await asyncBufferFromUrl({ url: this.dataset.parquet ?? '' }));
    const metadata = await parquetMetadataAsync(file);
    return { file, metadata, count: Number(metadata.num_rows) };
  }

  #restore() {
    this.#query = readQuery(location.search, this.#columns);
    for (const input of this.querySelectorAll<HTMLInputElement>('input[name]'))
      input.value = this.#query.filters.get(input.name) ?? '';
    // As the page was built, it shows the first rows already.
    if (location.search) this.#show();
    else this.#tell();
  }

  #filter({ name, value }: HTMLInputElement) {
    if (value.trim()) this.#query.filters.set(name, value);
    else this.#query.filters.delete(name);
    this.#ask({ page: 0 });
  }

  #clicked(button: HTMLButtonElement | null) {
    const { sort, page } = this.#query;
    const column = button?.dataset.sort;
    if (column !== undefined) {
      const isSame = sort?.column === column;
      this.#ask({ sort: isSame && sort.isDown ? null : { column, isDown: isSame }, page: 0 });
    } else if (button?.dataset.turn) this.#ask({ page: Math.max(0, page + Number(button.dataset.turn)) });
    else if (button?.dataset.export !== undefined) this.#export();
    else if (button?.dataset.clear !== undefined) {
      for (const input of this.querySelectorAll<HTMLInputElement>('input[name]')) input.value = '';
      this.#ask({ filters: new Map(), sort: null, page: 0 });
    }
  }

  #ask(change: Partial<Query>) {
    Object.assign(this.#query, change);
    history.replaceState(null, '', `${location.pathname}${writeQuery(this.#query)}`);
    this.#show();
  }

  /** The rows that are asked for, and how many there are of them in all. */
  async #rows(): Promise<{ rows: Row[]; count: number }> {
    this.#opened ??= this.openFile();
    const { file, metadata, count } = await this.#opened;
    const rowStart = this.#query.page * PAGE;
    if (!asksAll(this.#query)) {
      const rows =
        rowStart < count
          ? await parquetReadObjects({ file, metadata, rowStart, rowEnd: Math.min(count, rowStart + PAGE) })
          : [];
      return { rows, count };
    }
    this.#all ??= parquetReadObjects({ file, metadata });
    const found = answer(await this.#all, this.#query);
    return { rows: found.slice(rowStart, rowStart + PAGE), count: found.length };
  }

  async #show() {
    const turn = ++this.#turn;
    this.#say('Reading…');
    try {
      const { rows, count } = await this.#rows();
      if (turn !== this.#turn) return;
      const last = Math.max(0, Math.ceil(count / PAGE) - 1);
      if (this.#query.page > last) {
        this.#ask({ page: last });
        return;
      }
      this.#draw(rows);
      this.#tell(count);
    } catch {
      if (turn !== this.#turn) return;
      this.#opened = undefined;
      this.#all = undefined;
      this.#say('The table could not be read. Try again, or fetch the file.');
    }
  }

  #draw(rows: Row[]) {
    const heads = [...this.querySelectorAll<HTMLElement>('[data-column]')];
    const body = this.querySelector('tbody');
    body?.replaceChildren(
      ...rows.map((row) => {
        const line = document.createElement('tr');
        for (const head of heads) {
          const cell = line.insertCell();
          cell.textContent = shown(row[head.dataset.column ?? '']);
          if (head.classList.contains('n')) cell.className = 'n';
        }
        return line;
      }),
    );
  }

  #tell(count = Number(this.dataset.rows)) {
    const { page, sort } = this.#query;
    const first = page * PAGE;
    const all = Number(this.dataset.rows).toLocaleString('en');
    const range =
      count === 0
        ? 'No row'
        : `Rows ${(first + 1).toLocaleString('en')} to ${Math.min(count, first + PAGE).toLocaleString('en')} of ${count.toLocaleString('en')}`;
    this.#say(count === Number(this.dataset.rows) ? range : `${range}, of ${all} in all`);
    for (const head of this.querySelectorAll<HTMLElement>('[data-column]')) {
      const isSorted = sort?.column === head.dataset.column;
      head.setAttribute('aria-sort', isSorted ? (sort?.isDown ? 'descending' : 'ascending') : 'none');
    }
    this.querySelector('[data-turn="-1"]')?.toggleAttribute('disabled', page === 0);
    this.querySelector('[data-turn="1"]')?.toggleAttribute('disabled', first + PAGE >= count);
  }

  #say(text: string) {
    const status = this.querySelector('[data-status]');
    if (status) status.textContent = text;
  }

  async #export() {
    this.#opened ??= this.openFile();
    const { file, metadata } = await this.#opened;
    this.#all ??= parquetReadObjects({ file, metadata });
    const text = csvOf(answer(await this.#all, this.#query), this.#columns);
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([text], { type: 'text/csv' }));
    link.download = `${this.dataset.name}.csv`;
    link.click();
    URL.revokeObjectURL(link.href);
  }
}

function shown(value: unknown): string {
  if (value === null || value === undefined) return '–';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'number') return value.toLocaleString('en', { maximumFractionDigits: 3 });
  return String(value);
}

if (!customElements.get('table-viewer')) customElements.define('table-viewer', TableViewer);
