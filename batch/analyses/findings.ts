import { suggestion, UsageError } from '../errors/index.ts';
import { controls } from './controls.ts';
import { dominance } from './dominance.ts';
import type { Finding } from './finding.ts';
import { perturbations } from './perturbations.ts';
import { predictions } from './predictions.ts';
import { transfer } from './transfer.ts';

/** Every finding, in the order in which releases list their tables. */
// biome-ignore format: one line for each, so that a new one is one line
export const findings: readonly Finding[] = [
  transfer,
  controls,
  predictions,
  perturbations,
  dominance,
];

/**
 * The findings of these names, in the order of the table, each once; those of every study without names.
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
