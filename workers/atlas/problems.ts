import type { Context } from 'hono';
import { type ProblemKind, problemKinds, problemPath } from '#shared/api';
import type { AppEnv } from './env.ts';

/** Thrown anywhere in the Worker; becomes an application/problem+json answer. */
export class Problem extends Error {
  readonly kind: ProblemKind;
  readonly members: Record<string, unknown>;
  readonly headers: Record<string, string>;

  /**
   * @param detail what happened and what to do, for a person
   * @param members further members of the problem's JSON, e.g. `known`
   * @param headers of the answer, e.g. Allow
   */
  constructor(
    kind: ProblemKind,
    detail: string,
    members: Record<string, unknown> = {},
    headers: Record<string, string> = {},
  ) {
    super(detail);
    this.name = 'Problem';
    this.kind = kind;
    this.members = members;
    this.headers = headers;
  }
}

/** The problem of an instance that has enough to do; `what` completes "This instance …". */
export const busy = (what: string) =>
  new Problem('busy', `This instance ${what}. Ask again in a second.`, {}, { 'Retry-After': '1' });

/** Answers with a problem; anything that is not a Problem is logged and becomes `internal`, without its message. */
export function problemResponse(c: Context<AppEnv>, thrown: unknown): Response {
  let problem: Problem;
  if (thrown instanceof Problem) {
    problem = thrown;
  } else {
    console.error(JSON.stringify({ event: 'failure', id: c.var.requestId, error: explain(thrown) }));
    problem = new Problem(
      'internal',
      'The Worker failed while answering this request. Try again; if it fails again, report it with the value of "instance".',
    );
  }
  c.var.observed.outcome = problem.kind;
  const { status, title } = problemKinds[problem.kind];
  const body = {
    type: problemPath(problem.kind),
    title,
    status,
    detail: problem.message,
    instance: `urn:uuid:${c.var.requestId}`,
    ...problem.members,
  };
  return c.body(JSON.stringify(body), status, {
    'Content-Type': 'application/problem+json',
    'Cache-Control': 'no-store',
    ...problem.headers,
  });
}

/** What went wrong, for the log: the stack where there is one, and what it was caused by. */
function explain(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const cause = thrown.cause === undefined ? '' : `; caused by ${explain(thrown.cause)}`;
  return `${thrown.stack ?? thrown.message}${cause}`;
}
