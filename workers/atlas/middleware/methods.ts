import type { Hono, MiddlewareHandler } from 'hono';
import { methodNotAllowed } from 'hono/method-not-allowed';
import type { AppEnv } from '../env.ts';
import { Problem, problemResponse } from '../problems.ts';

/**
 * Answers 405 with Allow where a path has a route and none of this method, and OPTIONS with Allow alone. The routes are
 * those that `app` has.
 */
export const refuseOtherMethods = (app: Hono<AppEnv>): MiddlewareHandler<AppEnv> =>
  methodNotAllowed({
    app,
    onMethodNotAllowed: (c, allowed) => {
      const headers = { Allow: [...allowed, 'OPTIONS'].join(', ') };
      if (c.req.method === 'OPTIONS') {
        c.var.observed.outcome = 'ok';
        return c.body(null, 204, headers);
      }
      const detail = `${c.req.path} does not answer ${c.req.method}. Use ${allowed.join(' or ')}.`;
      return problemResponse(c, new Problem('method-not-allowed', detail, { allowed }, headers));
    },
  });
