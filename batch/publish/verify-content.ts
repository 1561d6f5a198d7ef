import { parquetMetadata } from 'hyparquet';
import type { z } from 'zod';
import { readNpy, readSafetensors } from '#shared/formats';
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
import { parseJson } from './source.ts';

/** Columns that every transfer table has, whatever made it. */
const neededColumns = Object.entries(transferRow.shape)
  .filter(([, schema]) => !schema.safeParse(undefined).success)
  .map(([name]) => name);

/** Answers what is wrong with a file's content, as phrases; nothing where all is well. */
export type ContentCheck = (bytes: Uint8Array) => string[];

/** One line for each way in which a value departs from its schema, at most five. */
export function schemaProblems(schema: z.ZodType, value: unknown): string[] {
  if (value === undefined) return ['is not JSON'];
  const parsed = schema.safeParse(value);
  if (parsed.success) return [];
  return parsed.error.issues.slice(0, 5).map((issue) => `${issue.path.join('.') || 'the document'}: ${issue.message}`);
}

/** The check of each key that the manifest gives a meaning to. Bytes are checked against their hash elsewhere. */
export function contentChecks(manifest: Manifest): Map<string, ContentCheck> {
  const checks = new Map<string, ContentCheck>();
  const keys = new Set(manifest.files.map((file) => file.key));
  for (const perturbation of manifest.perturbations) {
    const { norm, epsilon } = perturbation;
    checks.set(perturbation.record, (bytes) => recordProblems(bytes, perturbation.id, keys));
    checks.set(perturbation.npy, (bytes) => {
      const { data, shape, dtype } = readNpy(bytes);
      return perturbationProblems(data, shape, dtype, manifest.canvas, norm, epsilon);
    });
    checks.set(perturbation.safetensors, (bytes) => {
      const tensors = Object.values(readSafetensors(bytes).tensors);
      if (tensors.length !== 1) return [`holds ${tensors.length} tensors where one is expected`];
      const [{ data, shape }] = tensors;
      return perturbationProblems(data, shape, 'float32', manifest.canvas, norm, epsilon);
    });
    checks.set(perturbation.preview, pictureProblems);
  }
  for (const photo of manifest.photos) {
    checks.set(photo.key, pictureProblems);
    if (photo.canvas) checks.set(photo.canvas, pictureProblems);
  }
  for (const model of manifest.models) {
    checks.set(model.labels, (bytes) => {
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
    checks.set(table.csv, (bytes) => csvProblems(bytes, table.rows, columns));
    checks.set(table.parquet, (bytes) => parquetProblems(bytes, table));
  }
  if (manifest.run) checks.set(manifest.run, (bytes) => schemaProblems(releaseRun, parseJson(bytes)));
  for (const { key } of manifest.files) {
    if (key.endsWith('/photos/photos.json'))
      checks.set(key, (bytes) => schemaProblems(photoCredit.array(), parseJson(bytes)));
  }
  return checks;
}

function recordProblems(bytes: Uint8Array, id: string, keys: Set<string>): string[] {
  const value = parseJson(bytes);
  const problems = schemaProblems(perturbationRecord, value);
  if (problems.length > 0) return problems;
  const record = value as PerturbationRecord;
  if (record.id !== id) problems.push(`is the record of ${record.id}, not of ${id}`);
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

/** Rows, and every column with its type. */
function parquetProblems(bytes: Uint8Array, { rows, columns = [] }: ReleaseTable): string[] {
  const { num_rows, schema } = parquetMetadata(new Uint8Array(bytes).buffer);
  const types = new Map(schema.map(({ name, type }) => [name, type]));
  const wrong = columns.filter(({ name, type }) => types.get(name) !== (type === 'STRING' ? 'BYTE_ARRAY' : type));
  return [
    ...(Number(num_rows) === rows ? [] : [`has ${num_rows} rows, the manifest says ${rows}`]),
    ...(wrong.length === 0
      ? []
      : [
          `lacks the column ${wrong.map(({ name, type }) => `${name} (${type})`).join(', ')}, which the manifest names`,
        ]),
  ];
}

function csvProblems(bytes: Uint8Array, rows: number, columns: string[]): string[] {
  const text = new TextDecoder().decode(bytes);
  // Line ends inside quotes belong to a cell.
  const lines = text
    .replace(/"(?:[^"]|"")*"/g, 'quoted')
    .split(/\r?\n/)
    .filter((line) => line !== '').length;
  const header = text.slice(0, text.search(/\r?\n/)).split(',');
  const missing = columns.filter((column) => !header.includes(column));
  return [
    ...(missing.length > 0 ? [`lacks the column ${missing.join(', ')}`] : []),
    ...(lines - 1 === rows ? [] : [`has ${lines - 1} rows, the manifest says ${rows}`]),
  ];
}
