/** What the viewer of a table asks of it: filters, order, page; read from an address and written to one. */

export type Row = Record<string, unknown>;

export interface Query {
  /** By column. */
  filters: Map<string, string>;
  sort: { column: string; isDown: boolean } | null;
  /** From 0. */
  page: number;
}

export function readQuery(search: string, columns: readonly string[]): Query {
  const asked = new URLSearchParams(search);
  const filters = new Map(columns.flatMap((name) => (asked.get(`f.${name}`) ? [[name, asked.get(`f.${name}`)!]] : [])));
  const [, down, column = ''] = /^(-?)(.*)$/s.exec(asked.get('sort') ?? '') ?? [];
  const page = Number(asked.get('page') ?? 1) - 1;
  return {
    filters,
    sort: columns.includes(column) ? { column, isDown: down === '-' } : null,
    page: Number.isSafeInteger(page) && page >= 0 ? page : 0,
  };
}

export function writeQuery({ filters, sort, page }: Query): string {
  const said = new URLSearchParams([...filters].map(([name, value]) => [`f.${name}`, value]));
  if (sort) said.set('sort', `${sort.isDown ? '-' : ''}${sort.column}`);
  if (page > 0) said.set('page', String(page + 1));
  return said.size > 0 ? `?${said}` : '';
}

/** Whether anything but the page is asked: then all rows have to be looked at. */
export const asksAll = ({ filters, sort }: Query) => filters.size > 0 || sort !== null;

/**
 * A condition on a value, as people write it: ">0.5", "<= 3", "= dog", "!= dog", or a part of the text.
 */
export function conditionOf(text: string): (value: unknown) => boolean {
  const [, sign = '', rest] = /^\s*(<=|>=|!=|<|>|=)?\s*(.*?)\s*$/s.exec(text) ?? [];
  const number = rest === '' ? Number.NaN : Number(rest);
  const wanted = rest.toLowerCase();
  const equals = (value: unknown) =>
    isFigure(value) && !Number.isNaN(number) ? Number(value) === number : textOf(value).toLowerCase() === wanted;
  switch (sign) {
    case '=':
      return equals;
    case '!=':
      return (value) => !equals(value);
    case '<':
      return (value) => isFigure(value) && Number(value) < number;
    case '>':
      return (value) => isFigure(value) && Number(value) > number;
    case '<=':
      return (value) => isFigure(value) && Number(value) <= number;
    case '>=':
      return (value) => isFigure(value) && Number(value) >= number;
    default:
      return (value) => textOf(value).toLowerCase().includes(wanted);
  }
}

const isFigure = (value: unknown) => typeof value === 'number' || typeof value === 'bigint';
const textOf = (value: unknown) => (value === null || value === undefined ? '' : String(value));

/** The rows that are asked for, in the order that is asked for; what has no value stands last. */
export function answer(rows: readonly Row[], { filters, sort }: Query): Row[] {
  const conditions = [...filters].map(([name, text]) => [name, conditionOf(text)] as const);
  const fits = rows.filter((row) => conditions.every(([name, holds]) => holds(row[name])));
  if (!sort) return fits;
  const { column, isDown } = sort;
  const collator = new Intl.Collator('en', { numeric: true });
  return fits.toSorted((a, b) => {
    const [x, y] = [a[column], b[column]];
    const [isLast, isFirst] = [x, y].map((value) => value === null || value === undefined);
    if (isLast || isFirst) return Number(isLast) - Number(isFirst);
    const order = isFigure(x) && isFigure(y) ? Number(x) - Number(y) : collator.compare(String(x), String(y));
    return isDown ? -order : order;
  });
}

/** RFC 4180, as the files of the release are. */
export function csvOf(rows: readonly Row[], columns: readonly string[]): string {
  const field = (value: unknown) => {
    const text = textOf(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [columns, ...rows.map((row) => columns.map((name) => row[name]))]
    .map((line) => `${line.map(field).join(',')}\n`)
    .join('');
}
