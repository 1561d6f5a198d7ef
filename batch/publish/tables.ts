import { parquetWriteBuffer } from 'hyparquet-writer';
import type { PerturbationRecord, TransferRow } from '#shared/release';
import type { PredictionRow, ReleaseContent } from './content.ts';

/**
 * Every table of a release. Whoever adds one here adds it to manifest, README.md, croissant.json and site.
 */
export function tablesOf(content: ReleaseContent): ReleaseTable[] {
  const records = content.perturbations.map(({ record }) => record);
  return [
    table('transfer', 'Every perturbation on every model', transferColumns, content.transfer),
    table(
      'predictions',
      'Every evaluation photo on every model, clean and perturbed',
      predictionColumns,
      content.predictions,
    ),
    table(
      'perturbations',
      'Every perturbation: how it was made, and how large it is',
      perturbationColumns,
      records.map(perturbationRow),
    ),
    table(
      'dominance',
      'The labels that evaluation photos most often become',
      dominanceColumns,
      records.flatMap(dominanceRows),
    ),
  ];
}

/** A table in the two forms in which a release has it. */
export interface ReleaseTable {
  name: string;
  /** For the data card. */
  description: string;
  columns: { name: string; type: ColumnType; description: string }[];
  rows: number;
  csv: Uint8Array;
  parquet: Uint8Array;
}

function table<Row extends object>(
  name: string,
  description: string,
  columns: Column<Row>[],
  rows: Row[],
): ReleaseTable {
  return { name, description, columns, rows: rows.length, csv: csv(columns, rows), parquet: parquet(columns, rows) };
}

type Cell = string | number | boolean | null;
type ColumnType = 'STRING' | 'INT32' | 'INT64' | 'DOUBLE' | 'BOOLEAN';

interface Column<Row> {
  name: keyof Row & string;
  type: ColumnType;
  nullable?: boolean;
  /** For the data card. */
  description: string;
}

const transferColumns: Column<TransferRow>[] = [
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

const predictionColumns: Column<PredictionRow>[] = [
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

interface PerturbationRow {
  perturbation: string;
  surrogate: string;
  attack: string;
  norm: string;
  epsilon: number;
  seed: number;
  linf: number;
  l2: number;
  psnr: number;
  ssim: number;
  gradients: number;
  crafting_photos: number;
  crafting_ratio: number | null;
  npy: string;
  record: string;
}

const perturbationColumns: Column<PerturbationRow>[] = [
  { name: 'perturbation', type: 'STRING', description: 'Id of the perturbation' },
  {
    name: 'surrogate',
    type: 'STRING',
    description: 'Model it was crafted on; several joined by "+"; "none" for noise',
  },
  { name: 'attack', type: 'STRING', description: 'Algorithm that crafted it' },
  { name: 'norm', type: 'STRING', description: 'Norm of the bound: "inf" or "2"' },
  { name: 'epsilon', type: 'DOUBLE', description: 'The bound, in units of 0..255' },
  { name: 'seed', type: 'INT64', description: 'Seed of every random draw' },
  { name: 'linf', type: 'DOUBLE', description: 'Its largest absolute value, in units of 0..255' },
  { name: 'l2', type: 'DOUBLE', description: 'Its Euclidean length, in units of 0..255' },
  {
    name: 'psnr',
    type: 'DOUBLE',
    description: 'Peak signal-to-noise ratio of perturbed photos in decibels, mean over evaluation photos',
  },
  {
    name: 'ssim',
    type: 'DOUBLE',
    description: 'Structural similarity of perturbed photos, mean over evaluation photos',
  },
  {
    name: 'gradients',
    type: 'INT64',
    description: 'Input gradients that crafting took, one for each photo of each step',
  },
  { name: 'crafting_photos', type: 'INT32', description: 'Photos it was crafted from' },
  {
    name: 'crafting_ratio',
    type: 'DOUBLE',
    nullable: true,
    description: 'Fooling ratio on those, on the surrogate; null without a surrogate',
  },
  { name: 'npy', type: 'STRING', description: 'Path of its float32 array within the release' },
  { name: 'record', type: 'STRING', description: 'Path of its record within the release' },
];

type Crafted = Pick<
  PerturbationRecord,
  | ('id' | 'surrogates' | 'attack' | 'norm' | 'epsilon' | 'seed' | 'linf' | 'l2' | 'psnr' | 'ssim')
  | ('gradients' | 'crafting' | 'fooling' | 'dominant')
>;

const perturbationRow = ({ id, surrogates, crafting, fooling, ...record }: Crafted): PerturbationRow => ({
  ...record,
  perturbation: id,
  surrogate: surrogates.map((surrogate) => surrogate.id).join('+') || 'none',
  crafting_photos: crafting.photos,
  crafting_ratio: fooling.crafting?.ratio ?? null,
  npy: `perturbations/${id}/perturbation.npy`,
  record: `perturbations/${id}/record.json`,
});

interface DominanceRow {
  perturbation: string;
  target: string;
  rank: number;
  index: number;
  label: string;
  photos: number;
}

const dominanceColumns: Column<DominanceRow>[] = [
  { name: 'perturbation', type: 'STRING', description: 'Id of the perturbation' },
  { name: 'target', type: 'STRING', description: 'Model that predicts' },
  { name: 'rank', type: 'INT32', description: '1 for the most frequent' },
  { name: 'index', type: 'INT32', description: 'Class index that photos change to' },
  { name: 'label', type: 'STRING', description: 'Its label' },
  { name: 'photos', type: 'INT32', description: 'Evaluation photos whose label changed to it' },
];

const dominanceRows = ({ id, dominant }: Crafted): DominanceRow[] =>
  dominant.flatMap(({ target, labels }) =>
    labels.map((label, place) => ({ perturbation: id, target, rank: place + 1, ...label })),
  );

/**
 * CSV as RFC 4180 has it, but lines end in \n; the first one names the columns, null is an empty cell, and an empty
 * text is "". A text that a spreadsheet would run as a formula has a ' before it, which spreadsheets do not show: labels
 * are whatever a model's maker wrote. Parquet has the text itself.
 */
function csv<Row extends object>(columns: Column<Row>[], rows: Row[]): Uint8Array {
  const lines = [
    columns.map(({ name }) => name),
    ...rows.map((row) => columns.map(({ name }) => cell(row[name] as Cell))),
  ];
  return new TextEncoder().encode(lines.map((line) => `${line.join(',')}\n`).join(''));
}

/** https://owasp.org/www-community/attacks/CSV_Injection. A number is none, as a text either. */
const isFormula = (text: string) => /^[=+\-@\t\r]/.test(text) && !/^[-+]?\d+(\.\d+)?(e[-+]?\d+)?$/i.test(text);

function cell(value: Cell): string {
  if (value === null) return '';
  const text = typeof value === 'string' && isFormula(value) ? `'${value}` : String(value);
  return text === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Parquet, Snappy-compressed. The same rows give the same bytes. */
function parquet<Row extends object>(columns: Column<Row>[], rows: Row[]): Uint8Array {
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
