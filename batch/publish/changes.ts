/**
 * What the number of a release says beside the one before it: PATCH, the same data repackaged; MINOR, data added;
 * MAJOR, data changed or taken away. While MAJOR is 0, changed data moves MINOR too, as semver.org has it for what is
 * still in development.
 *
 * Data are perturbations, tables, models with their labels, and photos. Documents, previews and records follow from
 * them and from how they were made.
 */
import { hash } from 'node:crypto';
import { AtlasError } from '#shared/errors';
import type { Manifest } from '#shared/release';
import { inChild } from '../children/index.ts';
import { readFooter } from './parquet-footer.ts';
import type { ReleaseSource } from './source.ts';

export type ReleaseNumber = readonly [major: number, minor: number, patch: number];

/** A release as it is compared with another. */
export interface Snapshot {
  version: string;
  study: string;
  /** SHA-256 by what it is the data of, e.g. "the perturbation noise.inf10.s1". */
  data: Map<string, string>;
  tables: Map<string, Record<string, unknown>[]>;
}

export interface Changes {
  kind: 'none' | 'patch' | 'minor' | 'major';
  /** What was changed, taken away or added, as phrases. */
  what: string[];
  /** The least number that says so. */
  needs: string;
}

/** Reads what a comparison needs of a release: its manifest is at hand, its tables are read. */
export async function snapshotOf(source: ReleaseSource, manifest: Manifest, signal?: AbortSignal): Promise<Snapshot> {
  const files = new Map(manifest.files.map((file) => [file.key, file]));
  const data = new Map<string, string>();
  for (const { id, npy } of manifest.perturbations) data.set(`the perturbation ${id}`, files.get(npy)!.sha256);
  for (const { card, sha256, labels } of manifest.models) {
    data.set(`the model ${card.id}`, sha256);
    data.set(`the labels of ${card.id}`, files.get(labels)!.sha256);
  }
  for (const { file, key } of manifest.photos) data.set(`the photo ${file}`, files.get(key)!.sha256);
  return { version: manifest.version, study: manifest.study, data, tables: await tablesOf(source, manifest, signal) };
}

async function tablesOf(source: ReleaseSource, manifest: Manifest, signal?: AbortSignal): Promise<Snapshot['tables']> {
  const files = new Map(manifest.files.map((file) => [file.key, file]));
  const packed = new Map<string, Uint8Array>();
  for (const { name, parquet, rows } of manifest.tables) {
    const listed = files.get(parquet)!;
    const bytes = await source.read(parquet, signal, listed.bytes + 1);
    if (!bytes) throw new AtlasError(`${source.name} has no ${parquet}, which its manifest names.`);
    // A table may come from anybody: nothing is unpacked that is not what the manifest says.
    if (hash('sha256', bytes) !== listed.sha256 || rowsIn(bytes) !== rows)
      throw new AtlasError(
        `${parquet} of ${source.name} is not the table that its manifest lists. Verify that release.`,
      );
    packed.set(name, bytes);
  }
  const bytes = [...packed.values()].reduce((sum, { byteLength }) => sum + byteLength, 0);
  return inChild<typeof import('./rows-work.ts'), Snapshot['tables']>(
    new URL('./rows-work.ts', import.meta.url),
    { what: `A table of ${source.name}`, signal, bytes },
    async ({ rowsOf }) => {
      const tables: Snapshot['tables'] = new Map();
      for (const [name, table] of packed) {
        tables.set(name, await rowsOf(table, `The table ${name} of ${source.name}`));
      }
      return tables;
    },
  );
}

/** What a table's footer says; null where there is none. */
function rowsIn(parquet: Uint8Array): number | null {
  try {
    return readFooter(parquet).rows;
  } catch {
    return null;
  }
}

/** How `after` differs from `before`. */
export function changesBetween(before: Snapshot, after: Snapshot): Changes {
  const lost: string[] = [];
  const added: string[] = [];
  for (const [name, sha256] of before.data) {
    if (!after.data.has(name)) lost.push(`takes away ${name}`);
    else if (after.data.get(name) !== sha256) lost.push(`changes ${name}`);
  }
  for (const name of after.data.keys()) if (!before.data.has(name)) added.push(`adds ${name}`);
  for (const [name, rows] of before.tables) {
    const now = after.tables.get(name);
    if (!now) lost.push(`takes away the table ${name}`);
    else {
      const gone = rowsMissing(rows, now);
      if (gone > 0) lost.push(`changes or takes away ${gone} of the ${rows.length} rows of the table ${name}`);
      else if (now.length > rows.length) added.push(`adds ${now.length - rows.length} rows to the table ${name}`);
      const known = new Set(Object.keys(rows[0] ?? now[0] ?? {}));
      const columns = Object.keys(now[0] ?? {}).filter((column) => !known.has(column));
      if (columns.length > 0) added.push(`adds ${columns.join(', ')} to the table ${name}`);
    }
  }
  for (const name of after.tables.keys()) if (!before.tables.has(name)) added.push(`adds the table ${name}`);

  const kind =
    lost.length > 0 ? 'major' : added.length > 0 ? 'minor' : before.version === after.version ? 'none' : 'patch';
  return { kind, what: [...lost, ...added], needs: leastAfter(numberOf(before.version), kind).join('.') };
}

/** How many rows of `before` are not in `after`, by the columns of `before`. */
function rowsMissing(before: Record<string, unknown>[], after: Record<string, unknown>[]): number {
  const columns = Object.keys(before[0] ?? {});
  const textOf = (row: Record<string, unknown>) => columns.map((column) => String(row[column])).join('\u0000');
  const there = new Map<string, number>();
  for (const row of after) there.set(textOf(row), (there.get(textOf(row)) ?? 0) + 1);
  return before.filter((row) => {
    const left = there.get(textOf(row)) ?? 0;
    there.set(textOf(row), left - 1);
    return left <= 0;
  }).length;
}

/** [0, 1, 0] of "0.1.0-1a2b3c4d". */
export function numberOf(version: string): ReleaseNumber {
  const [, ...parts] = /^(\d+)\.(\d+)\.(\d+)/.exec(version) ?? [];
  if (parts.length === 0) throw new AtlasError(`The version ${version} does not begin with a number like 0.1.0.`);
  return parts.map(Number) as unknown as ReleaseNumber;
}

function leastAfter([major, minor, patch]: ReleaseNumber, kind: Changes['kind']): ReleaseNumber {
  if (kind === 'none') return [major, minor, patch];
  if (kind === 'patch') return [major, minor, patch + 1];
  return kind === 'major' && major > 0 ? [major + 1, 0, 0] : [major, minor + 1, 0];
}

/** Whether a version's number says what changed. */
export function saysEnough(version: string, { needs }: Changes): boolean {
  const [have, least] = [numberOf(version), numberOf(needs)];
  const place = have.findIndex((part, i) => part !== least[i]);
  return place === -1 || have[place] > least[place];
}

/** A sentence for people: what changed, of which kind it is. */
export function describeChanges(since: string, { kind, what }: Changes): string {
  if (kind === 'none') return `It is release ${since} itself.`;
  const shown = what.slice(0, 4);
  const rest = what.length - shown.length;
  const list =
    shown.length > 0 ? `${shown.join('; ')}${rest > 0 ? `; and ${rest} more` : ''}` : 'the same data, packaged anew';
  return `Since ${since} (${kind.toUpperCase()}): ${list}.`;
}

/**
 * @throws AtlasError where the number of `after` says less than what changed since `before`. Releases of two studies
 * have nothing to compare.
 */
export function assertNumberSays(before: Snapshot, after: Snapshot): Changes | null {
  if (before.study !== after.study) return null;
  const changes = changesBetween(before, after);
  if (saysEnough(after.version, changes)) return changes;
  throw new AtlasError(
    `The number of release ${after.version} says less than what changed. ${describeChanges(before.version, changes)} Set "release": {"version": "${changes.needs}"} or higher in the study and build it again, which takes seconds; nothing was published.`,
  );
}
