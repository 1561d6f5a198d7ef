import type { z } from '@hono/zod-openapi';
import { type ProblemKind, problemKinds, problemPath } from '#shared/api';
import { Problem } from '../problems.ts';
import { problemSchema } from './schemas.ts';

/** A JSON answer. */
export const json = <Schema extends z.ZodType>(schema: Schema, description: string) => ({
  description,
  content: { 'application/json': { schema } },
});

/** A file of one of some media types: bytes, or text, or any JSON. */
export const file = (description: string, mediaTypes: string[]) => ({
  description,
  content: Object.fromEntries(mediaTypes.map((type) => [type, { schema: schemaOf(type) }])),
});

function schemaOf(mediaType: string) {
  if (mediaType === 'application/json') return {};
  return mediaType.startsWith('text/') || mediaType === 'application/yaml'
    ? { type: 'string' as const }
    : { type: 'string' as const, format: 'binary' };
}

/** Spread into the responses of what may be asked for again. */
export const notModified = { 304: { description: 'The client has it: `If-None-Match` names its ETag.' } } as const;

/** Of the statuses that any kind has; which of them a route gives is in its document and not in its type. */
type ProblemResponses = Record<
  (typeof problemKinds)[ProblemKind]['status'],
  {
    description: string;
    content: { 'application/problem+json': { schema: typeof problemSchema } };
    'x-problems': ProblemKind[];
  }
>;

/**
 * The answers of these kinds of problem, by status; and of those that every route may give. The ids of the kinds are in
 * `x-problems`.
 */
export function problems(...kinds: ProblemKind[]) {
  const byStatus = new Map<number, ProblemKind[]>();
  for (const kind of [...kinds, 'internal', 'no-release', 'release-broken'] as const) {
    const { status } = problemKinds[kind];
    byStatus.set(status, [...(byStatus.get(status) ?? []), kind]);
  }
  return Object.fromEntries(
    [...byStatus].map(([status, same]) => [
      status,
      {
        description: same.map((kind) => `\`${problemPath(kind)}\`: ${problemKinds[kind].title}`).join('; '),
        content: { 'application/problem+json': { schema: problemSchema } },
        'x-problems': same,
      },
    ]),
  ) as ProblemResponses;
}

/** The problem for a query that its schema refuses; names each parameter and its reason. */
export function badQuery(issues: readonly z.core.$ZodIssue[]): Problem {
  const errors = issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((parameter) => ({
          parameter,
          reason: 'is unknown here; /api/v1/openapi.json lists the parameters',
        }))
      : [
          {
            parameter: String(issue.path[0]),
            reason: issue.code === 'invalid_type' ? 'must be given once' : issue.message,
          },
        ],
  );
  return refusedParameters(errors);
}

/** The problem for parameters that are refused, each for its reason. */
export function refusedParameters(errors: { parameter: string; reason: string }[]): Problem {
  const list = errors.map(({ parameter, reason }) => `"${parameter}" ${reason}`).join('; ');
  return new Problem('bad-query', `The query is not valid: ${list}. Correct it and ask again.`, { errors });
}
