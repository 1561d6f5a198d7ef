import { parquetWriteBuffer } from 'hyparquet-writer';
import type { TransferRow } from '#shared/release';
import type { PredictionRow } from './content.ts';

export type Cell = string | number | boolean | null;
type ColumnType = 'STRING' | 'INT32' | 'INT64' | 'DOUBLE' | 'BOOLEAN';

export interface Column<Row> {
  name: keyof Row & string;
  type: ColumnType;
  nullable?: boolean;
  /** For the data card. */
  description: string;
}

export const transferColumns: Column<TransferRow>[] = [
  { name: 'perturbation', type: 'STRING', description: 'Id of the perturbation' },
  {
    name: 'surrogate',
    type: 'STRING',
    description: 'Model it was crafted on; several joined by "+"; "none" for noise',
  },
  { name: 'target', type: 'STRING', description: 'Model it was tried on' },
  { name: 'attack', type: 'STRING', description: 'Algorithm that crafted it' },
  { name: 'norm', type: 'STRING', description: 'Norm of the bound: "inf" or "2"' },
  { name: 'epsilon', type: 'DOUBLE', description: 'The bound, in units of 0..255' },
  { name: 'seed', type: 'INT64', description: 'Seed of every random draw' },
  { name: 'photos', type: 'INT32', description: 'Evaluation photos' },
  { name: 'fooled', type: 'INT32', description: 'Photos whose predicted label changed' },
  { name: 'ratio', type: 'DOUBLE', description: 'Fooling ratio: fooled / photos' },
  { name: 'low', type: 'DOUBLE', description: 'Lower end of its 95 % Wilson interval' },
  { name: 'high', type: 'DOUBLE', description: 'Upper end of its 95 % Wilson interval' },
  { name: 'noise', type: 'DOUBLE', description: 'Fooling ratio of random noise of the same bound' },
  { name: 'noise_fooled', type: 'INT32', description: 'Photos that the noise fooled' },
  { name: 'noise_low', type: 'DOUBLE', description: 'Lower end of its 95 % Wilson interval' },
  { name: 'noise_high', type: 'DOUBLE', description: 'Upper end of its 95 % Wilson interval' },
  {
    name: 'correct',
    type: 'INT32',
    nullable: true,
    description: 'Photos that the target labels correctly without the perturbation; null where no photo has a label',
  },
  {
    name: 'fooled_given_correct',
    type: 'DOUBLE',
    nullable: true,
    description: 'Share of those that it no longer labels correctly with it',
  },
];

export const predictionColumns: Column<PredictionRow>[] = [
  { name: 'perturbation', type: 'STRING', description: 'Id of the perturbation' },
  { name: 'target', type: 'STRING', description: 'Model that predicts' },
  { name: 'photo', type: 'STRING', description: 'File name of the photo' },
  { name: 'clean', type: 'INT32', description: 'Predicted class index without the perturbation' },
  { name: 'clean_label', type: 'STRING', description: 'Its label' },
  { name: 'clean_probability', type: 'DOUBLE', description: 'Its probability' },
  { name: 'perturbed', type: 'INT32', description: 'Predicted class index with the perturbation' },
  { name: 'perturbed_label', type: 'STRING', description: 'Its label' },
  { name: 'perturbed_probability', type: 'DOUBLE', description: 'Its probability' },
  { name: 'fooled', type: 'BOOLEAN', description: 'Whether the two class indices differ' },
];

/** CSV as RFC 4180 has it, but lines end in \n; the first one names the columns, and null is an empty cell. */
export function csv<Row extends object>(columns: Column<Row>[], rows: Row[]): Uint8Array {
  const lines = [
    columns.map(({ name }) => name),
    ...rows.map((row) => columns.map(({ name }) => cell(row[name] as Cell))),
  ];
  return new TextEncoder().encode(lines.map((line) => `${line.join(',')}\n`).join(''));
}

function cell(value: Cell): string {
  if (value === null) return '';
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Parquet, Snappy-compressed. The same rows give the same bytes. */
export function parquet<Row extends object>(columns: Column<Row>[], rows: Row[]): Uint8Array {
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
