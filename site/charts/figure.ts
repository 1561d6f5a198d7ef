import { z } from 'zod';
import type { Atlas } from '../release.ts';
import type { Drawing } from './kinds.ts';

/** A figure of the findings page: what it reads of a table, and what it draws. One file in site/charts/figures each. */
export interface Figure {
  /** The table that it draws. */
  table: string;
  /** Tables that stand in the same section. */
  others: string[];
  /** A sentence computed from all rows, where the release's table has none of its own. */
  says: (rows: unknown[], atlas: Atlas) => string;
  /** @throws ZodError where the rows are not those that it knows */
  draw: (rows: unknown[], atlas: Atlas) => Drawing[];
}

/** Checks a figure's use of its rows against their schema, and gives it rows of that type. */
export function figure<Row extends z.ZodType>(parts: {
  table: string;
  others?: string[];
  row: Row;
  says?: (rows: z.output<Row>[], atlas: Atlas) => string;
  draw: (rows: z.output<Row>[], atlas: Atlas) => Drawing[];
}): Figure {
  const { table, others = [], row, says, draw } = parts;
  const parse = (rows: unknown[]) => z.array(row).parse(rows);
  return {
    table,
    others,
    says: (rows, atlas) => says?.(parse(rows), atlas) ?? '',
    draw: (rows, atlas) => draw(parse(rows), atlas),
  };
}

/** Parquet's INT64 is read as a bigint. */
export const whole = z.union([z.int(), z.bigint()]).transform(Number);
export const share = z.number().min(0).max(1);

export const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** "Plate 4", by the id of a perturbation; the id, for one that was measured and is not published. */
export function plateName({ plates }: Atlas, id: string): string {
  const plate = plates.find((one) => one.id === id);
  return plate ? `Plate ${plate.number}` : id;
}

/** Whether a perturbation was crafted on the network. */
export const isOwn = ({ plates }: Atlas, id: string, target: string): boolean =>
  plates.some((plate) => plate.id === id && plate.entry.surrogates.includes(target));

/** A sentence of the release with plates and networks by the names that the site gives them. */
export function named(text: string, atlas: Atlas): string {
  const names = new Map([
    ...atlas.manifest.models.map(({ card }) => [card.id, card.title] as const),
    ...atlas.plates.map(({ id, number, title }) => [id, `plate ${number} (${title})`] as const),
  ]);
  const ids = [...names.keys()].map(escaped);
  // No line begins with a sign of percent.
  const unbroken = text.replaceAll(/(?<=\d) %/g, '\u202f%');
  if (ids.length === 0) return unbroken;
  return unbroken.replaceAll(
    new RegExp(`(?<![\\w.+-])(${ids.join('|')})(?![\\w+-]|\\.\\w)`, 'g'),
    (id) => names.get(id)!,
  );
}

const escaped = (text: string) => text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&');
