import { parquetReadObjects } from 'hyparquet';
import type { ReleaseTable } from '#shared/release';
import { number } from './format.ts';
import { loadAtlas, readFile } from './release.ts';

/** Rows that a page shows of a table; the files have all. */
const shown = 8;

export interface ShownTable {
  table: ReleaseTable;
  columns: { name: string; isFigure: boolean }[];
  /** The first rows, as text. */
  rows: string[][];
}

/** The tables of the release that answer a question in a sentence, each with its first rows. */
export async function findingTables(): Promise<ShownTable[]> {
  const tables = loadAtlas().manifest.tables.filter(({ says }) => says !== undefined);
  return Promise.all(
    tables.map(async (table) => {
      const columns = (table.columns ?? []).map(({ name, type }) => ({
        name,
        isFigure: type !== 'STRING' && type !== 'BOOLEAN',
      }));
      const file = new Uint8Array(readFile(table.parquet)).buffer;
      const rows = await parquetReadObjects({ file, rowEnd: shown });
      return { table, columns, rows: rows.map((row) => columns.map(({ name }) => textOf(row[name]))) };
    }),
  );
}

function textOf(value: unknown): string {
  if (value === null || value === undefined) return '–';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'number') return number(value, 3);
  return String(value);
}
