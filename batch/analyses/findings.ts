import { suggestion, UsageError } from '#shared/errors';
import type { Finding } from './finding.ts';
import * as list from './list.ts';

/** Every finding: the main one first, and then by name. Releases list their tables in this order. */
export const findings: readonly Finding[] = Object.values(list).sort(
  (a, b) => Number(b.isMain ?? false) - Number(a.isMain ?? false) || (a.name < b.name ? -1 : 1),
);

/**
 * The findings of these names, in the order of `findings`, each once; those of every study without names.
 * @throws UsageError with the nearest name where there is no such finding.
 */
export function findFindings(names?: readonly string[]): Finding[] {
  const known = findings.map(({ name }) => name);
  const unknown = names?.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new UsageError(
      `There is no finding "${unknown}".${suggestion(unknown, known)} The findings are ${known.join(', ')}.`,
    );
  }
  return findings.filter(({ name, byDefault }) => names?.includes(name) ?? byDefault);
}
