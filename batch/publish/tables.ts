import { parquetWriteBuffer } from 'hyparquet-writer';
import type { TableColumn } from '#shared/release';
import type { ContentTable } from './content.ts';

/** A table in the two forms in which a release has it. */
export interface RenderedTable {
  name: string;
  title: string;
  columns: TableColumn[];
  says: string | null;
  rows: number;
  csv: Uint8Array;
  parquet: Uint8Array;
}

/** @returns CSV and Parquet of the same rows. */
export function renderTable(table: ContentTable): RenderedTable {
  const { name, title, columns, says, rows } = table;
  return { name, title, columns, says, rows: rows.length, csv: csv(table), parquet: parquet(table) };
}

/**
 * CSV as RFC 4180 has it, but lines end in \n; the first one names the columns, null is an empty cell, and an empty
 * text is "". A text that a spreadsheet would run as a formula has a ' before it, which spreadsheets do not show:
 * labels are whatever a model's maker wrote. Parquet has the text itself.
 */
function csv({ columns, rows }: ContentTable): Uint8Array {
  const lines = [columns.map(({ name }) => name), ...rows.map((row) => columns.map(({ name }) => cell(row[name])))];
  return new TextEncoder().encode(lines.map((line) => `${line.join(',')}\n`).join(''));
}

/** https://owasp.org/www-community/attacks/CSV_Injection. A number is none, as a text either. */
const isFormula = (text: string) => /^[=+\-@\t\r]/.test(text) && !/^[-+]?\d+(\.\d+)?(e[-+]?\d+)?$/i.test(text);

function cell(value: string | number | boolean | null): string {
  if (value === null) return '';
  const text = typeof value === 'string' && isFormula(value) ? `'${value}` : String(value);
  return text === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Parquet, Snappy-compressed. The same rows give the same bytes. */
function parquet({ columns, rows }: ContentTable): Uint8Array {
  const buffer = parquetWriteBuffer({
    columnData: columns.map(({ name, type, nullable = false }) => ({
      name,
      type,
      nullable,
      data: rows.map((row) => (type === 'INT64' ? BigInt(row[name] as number) : row[name])),
    })),
  });
  return new Uint8Array(buffer);
}
