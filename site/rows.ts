import { parquetReadObjects } from 'hyparquet';
import { type Atlas, loadAtlas, readFile } from './release.ts';

const read = new WeakMap<Atlas, Map<string, Promise<Record<string, unknown>[]>>>();

/** All rows of a table of the release, in its order, read once; none where there is no such table. */
export function rowsOf<Row = Record<string, unknown>>(name: string, atlas: Atlas = loadAtlas()): Promise<Row[]> {
  const table = atlas.manifest.tables.find((one) => one.name === name);
  if (!table) return Promise.resolve([]);
  const tables = read.get(atlas) ?? new Map<string, Promise<Record<string, unknown>[]>>();
  read.set(atlas, tables);
  const rows = tables.get(name) ?? parquetReadObjects({ file: new Uint8Array(readFile(table.parquet)).buffer });
  tables.set(name, rows);
  return rows as Promise<Row[]>;
}
