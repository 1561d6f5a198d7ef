import type { Hono, MiddlewareHandler } from 'hono';
import { methodNotAllowed } from 'hono/method-not-allowed';
import type { AppEnv } from '../env.ts';
import { Problem, problemResponse } from '../problems.ts';

/** Answers 405 with Allow where a path has a route and none of this method. The routes are those that `app` has. */
export const refuseOtherMethods = (app: Hono<AppEnv>): MiddlewareHandler<AppEnv> =>
  methodNotAllowed({
    app,
    onMethodNotAllowed: (c, allowed) =>
      problemResponse(
        c,
        new Problem(
          'method-not-allowed',
          `${c.req.path} does not answer ${c.req.method}. Use ${allowed.join(' or ')}.`,
          { allowed },
          { Allow: [...allowed, 'OPTIONS'].join(', ') },
        ),
      ),
  });
