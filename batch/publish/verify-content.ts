import type { z } from 'zod';
import { notReadAsJson, readNpy, readSafetensors } from '#shared/formats';
import { sniffImage } from '#shared/images';
import {
  type Manifest,
  type PerturbationRecord,
  perturbationRecord,
  photoCredit,
  type ReleaseTable,
  releaseRun,
  transferRow,
} from '#shared/release';
import { faultsOf } from '../files/index.ts';
import { readFooter } from './parquet-footer.ts';
import { parseJson } from './source.ts';

/** Columns that every transfer table has, whatever made it. */
const neededColumns = Object.entries(transferRow.shape)
  .filter(([, schema]) => !schema.safeParse(undefined).success)
  .map(([name]) => name);

/** Answers what is wrong with a file's content, as phrases; nothing where all is well. */
type Look = (bytes: Uint8Array) => string[];

export interface ContentCheck {
  /** Bytes of the largest file of this kind that is looked into. */
  most: number;
  look: Look;
}

const LARGEST_DOCUMENT = 32e6;
const LARGEST_PICTURE = 64e6;
const LARGEST_TABLE = 600e6;

/** One line for each way in which a value departs from its schema, at most five. */
export function schemaProblems(schema: z.ZodType, value: unknown): string[] {
  return value === undefined ? [notReadAsJson] : faultsOf(schema, value);
}

/** The check of each key that the manifest gives a meaning to. Bytes are checked against their hash elsewhere. */
export function contentChecks(manifest: Manifest): Map<string, ContentCheck> {
  const checks = new Map<string, ContentCheck>();
  const add = (key: string, most: number, look: Look) => checks.set(key, { most, look });
  // Header and numbers of one array, in the longer of its two forms.
  const largestArray = 12 * manifest.canvas ** 2 + 100_000;
  const keys = new Set(manifest.files.map((file) => file.key));
  for (const perturbation of manifest.perturbations) {
    const { norm, epsilon } = perturbation;
    add(perturbation.record, LARGEST_DOCUMENT, (bytes) => recordProblems(bytes, perturbation, keys));
    if (perturbation.growth) add(perturbation.growth, LARGEST_PICTURE, growthProblems);
    add(perturbation.npy, largestArray, (bytes) => {
      const { data, shape, dtype } = readNpy(bytes);
      return perturbationProblems(data, shape, dtype, manifest.canvas, norm, epsilon);
    });
    add(perturbation.safetensors, largestArray, (bytes) => {
      const tensors = Object.values(readSafetensors(bytes).tensors);
      if (tensors.length !== 1) return [`holds ${tensors.length} tensors where one is expected`];
      const [{ data, shape }] = tensors;
      return perturbationProblems(data, shape, 'float32', manifest.canvas, norm, epsilon);
    });
    add(perturbation.preview, LARGEST_PICTURE, pictureProblems);
  }
  for (const photo of manifest.photos) {
    add(photo.key, LARGEST_PICTURE, pictureProblems);
    if (photo.canvas) add(photo.canvas, LARGEST_PICTURE, pictureProblems);
  }
  for (const model of manifest.models) {
    add(model.labels, LARGEST_DOCUMENT, (bytes) => {
      const labels = parseJson(bytes);
      if (!Array.isArray(labels) || labels.some((label) => typeof label !== 'string'))
        return ['is not a JSON list of texts'];
      return labels.length === model.card.classes
        ? []
        : [`has ${labels.length} labels; ${model.card.id} has ${model.card.classes} classes`];
    });
  }
  for (const table of manifest.tables) {
    // What the API answers from has to have its columns, whatever the manifest says.
    const columns = [
      ...(table.columns ?? []).map(({ name }) => name),
      ...(table.name === 'transfer' ? neededColumns : []),
    ];
    add(table.csv, LARGEST_TABLE, (bytes) => csvProblems(bytes, table.rows, columns));
    add(table.parquet, LARGEST_TABLE, (bytes) => parquetProblems(bytes, table));
  }
  if (manifest.run) add(manifest.run, LARGEST_DOCUMENT, (bytes) => schemaProblems(releaseRun, parseJson(bytes)));
  for (const { key } of manifest.files) {
    if (key.endsWith('/photos/photos.json'))
      add(key, LARGEST_DOCUMENT, (bytes) => schemaProblems(photoCredit.array(), parseJson(bytes)));
  }
  return checks;
}

function recordProblems(
  bytes: Uint8Array,
  { id, growth }: Manifest['perturbations'][number],
  keys: Set<string>,
): string[] {
  const value = parseJson(bytes);
  const problems = schemaProblems(perturbationRecord, value);
  if (problems.length > 0) return problems;
  const record = value as PerturbationRecord;
  if (record.id !== id) problems.push(`is the record of ${record.id}, not of ${id}`);
  if (record.growth?.key !== growth) problems.push('names another picture of how it grew than the manifest does');
  const named = [...Object.values(record.files), ...record.examples.map((example) => example.key)];
  for (const key of new Set(named)) if (!keys.has(key)) problems.push(`names ${key}, which the manifest does not have`);
  return problems;
}

/** A bound of norm 2 is kept to a relative 1e-6 (the last bits of a long sum); one of norm inf exactly. */
function perturbationProblems(
  data: ArrayLike<number | bigint>,
  shape: readonly number[],
  dtype: string,
  canvas: number,
  norm: 'inf' | '2',
  epsilon: number,
): string[] {
  if (!/^(<f4|float32|f32)$/i.test(dtype)) return [`holds ${dtype} where float32 is expected`];
  if (shape.join() !== [3, canvas, canvas].join())
    return [`has the shape [${shape}] where [3,${canvas},${canvas}] is expected`];
  let largest = 0;
  let squares = 0;
  for (let i = 0; i < data.length; i++) {
    const value = Number(data[i]);
    if (!Number.isFinite(value)) return ['holds a value that is no finite number'];
    largest = Math.max(largest, Math.abs(value));
    squares += value * value;
  }
  const size = norm === 'inf' ? largest : Math.sqrt(squares);
  const bound = norm === 'inf' ? epsilon : epsilon * (1 + 1e-6);
  return size <= bound ? [] : [`has the norm ${size}, above its bound of ${epsilon}`];
}

function pictureProblems(bytes: Uint8Array): string[] {
  return sniffImage(bytes) ? [] : ['is no picture that can be read'];
}

/** Squares from left to right. */
function growthProblems(bytes: Uint8Array): string[] {
  const header = sniffImage(bytes);
  if (!header) return pictureProblems(bytes);
  const { width, height } = header;
  return height > 0 && width % height === 0 ? [] : [`has ${width} x ${height} pixels, which are no squares in a row`];
}

/** Rows, and every column with its type. */
function parquetProblems(bytes: Uint8Array, { rows, columns = [] }: ReleaseTable): string[] {
  const footer = readFooter(bytes);
  const wrong = columns
    .filter(({ name, type }) => footer.columns.get(name) !== (type === 'STRING' ? 'BYTE_ARRAY' : type))
    .map(({ name, type }) => `${name} (${type})`);
  return [
    ...(footer.rows === rows ? [] : [`has ${footer.rows} rows, the manifest says ${rows}`]),
    ...(wrong.length === 0 ? [] : [`lacks the column ${first(wrong)}, which the manifest names`]),
  ];
}

/** As many of a stranger's names as anybody reads. */
const first = (names: string[]) => names.slice(0, 5).join(', ') + (names.length > 5 ? ', …' : '');

function csvProblems(bytes: Uint8Array, rows: number, columns: string[]): string[] {
  const head = new TextDecoder().decode(bytes.subarray(0, 100_000));
  const header = new Set(head.slice(0, head.search(/\r?\n/)).split(','));
  const missing = columns.filter((column) => !header.has(column));
  const found = linesOf(bytes) - 1;
  return [
    ...(missing.length > 0 ? [`lacks the column ${first(missing)}`] : []),
    ...(found === rows ? [] : [`has ${found} rows, the manifest says ${rows}`]),
  ];
}

/**
 * Lines that are not empty. Line ends inside quotes belong to a cell; a quote is doubled there, which changes nothing.
 */
function linesOf(bytes: Uint8Array): number {
  let lines = 0;
  let quoted = false;
  let empty = true;
  for (const byte of bytes) {
    if (byte === 0x22) quoted = !quoted;
    if (byte === 0x0a && !quoted) {
      if (!empty) lines++;
      empty = true;
    } else if (byte !== 0x0d) empty = false;
  }
  return empty ? lines : lines + 1;
}
