/**
 * Enhances the transfer matrix that was rendered at build time: arrow keys, Home and End move between the cells of the
 * grid (WAI-ARIA grid pattern, one tab stop), and the cell under focus or pointer is told in words below.
 */
class TransferMatrix extends HTMLElement {
  #listening: AbortController | undefined;

  connectedCallback() {
    this.#listening = new AbortController();
    const { signal } = this.#listening;
    const rows = [...this.querySelectorAll<HTMLTableRowElement>('tbody tr')].map((row) => [
      ...row.querySelectorAll<HTMLTableCellElement>('td'),
    ]);
    const cells = rows.flat();
    for (const cell of cells) cell.tabIndex = -1;
    if (cells[0]) cells[0].tabIndex = 0;
    this.addEventListener('keydown', (event) => this.#move(event, rows), { signal });
    this.addEventListener('focusin', (event) => this.#tell(event.target), { signal });
    this.addEventListener('pointerover', (event) => this.#tell(event.target), { signal });
  }

  disconnectedCallback() {
    this.#listening?.abort();
  }

  #move(event: KeyboardEvent, rows: HTMLTableCellElement[][]) {
    const cell = (event.target as Element).closest('td');
    if (!cell) return;
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
    else return;
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
}

if (!customElements.get('transfer-matrix')) customElements.define('transfer-matrix', TransferMatrix);
