import type { ReleaseTable } from '#shared/release';
import { type Figure, named } from './charts/figure.ts';
import { figures } from './charts/figures/index.ts';
import type { Drawing } from './charts/kinds.ts';
import { number } from './format.ts';
import { type Atlas, loadAtlas } from './release.ts';
import { rowsOf } from './rows.ts';

/** Rows that a page shows of a table; the files have all. */
const shown = 40;

export interface ShownTable {
  table: ReleaseTable;
  columns: { name: string; isFigure: boolean }[];
  /** The first rows, as text. */
  rows: string[][];
}

export interface Section {
  /** Name of the finding, and of its table. */
  name: string;
  title: string;
  says: string;
  drawings: Drawing[];
  tables: ShownTable[];
}

/**
 * What the release found: the tables that have a figure, in the order of the figures, then those that answer a question
 * in a sentence. What it lacks is absent.
 */
export async function findings(): Promise<Section[]> {
  const atlas = loadAtlas();
  const tables = new Map(atlas.manifest.tables.map((table) => [table.name, table]));
  const sections: Section[] = [];
  for (const figure of figures) {
    const table = tables.get(figure.table);
    if (!table) continue;
    const { says, drawings } = drawn(figure, await rowsOf(table.name), table, atlas);
    if (!says && drawings.length === 0) continue;
    const together = [table, ...figure.others.flatMap((name) => tables.get(name) ?? [])];
    for (const { name } of together) tables.delete(name);
    sections.push({
      ...headOf(table),
      says,
      drawings,
      tables: await Promise.all(together.map((one) => shownTable(one))),
    });
  }
  for (const table of tables.values()) {
    if (table.says === undefined) continue;
    const says = named(table.says, atlas);
    sections.push({ ...headOf(table), says, drawings: [], tables: [await shownTable(table)] });
  }
  return sections;
}

const headOf = ({ name, title }: ReleaseTable) => ({ name, title: title ?? name });

/** A release may be older than a figure, or a stranger's: what it does not know is shown without it. */
function drawn(figure: Figure, rows: unknown[], { says }: ReleaseTable, atlas: Atlas) {
  const said = says === undefined ? undefined : named(says, atlas);
  try {
    return { says: said ?? figure.says(rows, atlas), drawings: figure.draw(rows, atlas) };
  } catch {
    return { says: said ?? '', drawings: [] };
  }
}

/** Columns and first rows of a table. */
export async function shownTable(table: ReleaseTable, most = shown): Promise<ShownTable> {
  const columns = (table.columns ?? []).map(({ name, type }) => ({
    name,
    isFigure: type !== 'STRING' && type !== 'BOOLEAN',
  }));
  const rows = (await rowsOf(table.name)).slice(0, most);
  return { table, columns, rows: rows.map((row) => columns.map(({ name }) => textOf(row[name]))) };
}

function textOf(value: unknown): string {
  if (value === null || value === undefined) return '–';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'number') return number(value, 3);
  return String(value);
}
