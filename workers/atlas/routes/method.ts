import type { Hono } from 'hono';
import type { AppEnv } from '../env.ts';
import { Problem } from '../problems.ts';

/** Answers every method that the routes before this one left over with 405 and Allow. Register it last for a path. */
export function refuseOtherMethods(app: Hono<AppEnv>, path: string, allowed: string[]): void {
  app.all(path, (c) => {
    throw new Problem(
      'method-not-allowed',
      `${c.req.path} does not answer ${c.req.method}. Use ${allowed.join(' or ')}.`,
      { allowed },
      { Allow: [...allowed, 'OPTIONS'].join(', ') },
    );
  });
}
