import { z } from 'zod';
import { suggestion, UsageError } from '#shared/errors';
import type { Attack, Paper } from './attack.ts';

/**
 * The settings of an attack with its defaults filled in. @throws UsageError naming the setting that is unknown or
 * wrong.
 */
export function parseSettings(attack: Attack, settings: Record<string, unknown> = {}): Record<string, unknown> {
  const known = Object.keys(attack.settings.shape);
  for (const name of Object.keys(settings)) {
    if (known.includes(name)) continue;
    throw new UsageError(
      `The attack ${attack.name} has no setting "${name}".${suggestion(name, known)} Its settings are ${known.join(', ')}.`,
    );
  }
  const parsed = attack.settings.safeParse(settings);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new UsageError(
    `The setting "${issue.path.join('.')}" of ${attack.name} is wrong: ${issue.message}. \`atlas attacks describe ${attack.name}\` shows what it takes.`,
  );
}

/** One line: authors, "title", venue or year, arXiv id. */
export function citation(paper: Paper | null): string {
  if (!paper) return 'none';
  const where = paper.venue
    ? paper.venue.includes(`${paper.year}`) || /\d{4}/.test(paper.venue)
      ? paper.venue
      : `${paper.venue} ${paper.year}`
    : `${paper.year}`;
  return `${paper.authors}, "${paper.title}", ${where}${paper.arxiv ? `, arXiv ${paper.arxiv}` : ''}`;
}

/** The settings of an attack for people and scripts: name, default, meaning. */
export function describeSettings(
  attack: Attack,
): { name: string; default: unknown; description: string; schema: unknown }[] {
  const { properties = {} } = z.toJSONSchema(attack.settings, { io: 'input' });
  return Object.entries(properties as Record<string, Record<string, unknown>>).map(([name, property]) => {
    const { description = '', default: fallback = null, ...schema } = property;
    return { name, default: fallback, description: String(description), schema };
  });
}
