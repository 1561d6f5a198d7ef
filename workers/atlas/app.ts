import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Hono } from 'hono';
import { newApp } from './contract/index.ts';
import type { AppEnv } from './env.ts';
import {
  apiCors,
  discardUnread,
  keptForSeconds,
  observe,
  refuseOtherMethods,
  revalidated,
  securityHeaders,
} from './middleware/index.ts';
import { Problem, problemResponse } from './problems.ts';
import { about } from './routes/about.ts';

/** Where the API is; its other paths are in `Routes`. */
const API = '/api/v1';

/** The parts that a Worker is made of, by the path that they lie under; all but those of the API go their own ways. */
export interface Routes {
  [API]: OpenAPIHono<AppEnv>[];
  [path: `/${string}`]: Hono<AppEnv>[];
}

/**
 * Makes a Worker of its parts. Whatever route a part has, the rest follows from it: 405 with Allow for other methods;
 * below /api an ETag, a Cache-Control and CORS; what its description says in openapi.json, and its link in the index.
 */
export function assemble(routes: Routes): OpenAPIHono<AppEnv> {
  const app = newApp();
  // The first segment of each path belongs to the Worker alone.
  const own = [...new Set(Object.keys(routes).map((path) => path.split('/')[1]))];
  for (const name of own) app.use(`/${name}/*`, observe, discardUnread, securityHeaders, refuseOtherMethods(app));
  app.use('/api/*', apiCors, revalidated, keptForSeconds);

  app.route(API, about(app));
  for (const [path, parts] of Object.entries(routes)) for (const part of parts) app.route(path, part);

  app.notFound((c) => {
    // Assets answer first outside of the Worker's own paths, so the site's 404 page has the last word there.
    if (!own.includes(c.req.path.split('/')[1]) && c.env.ASSETS) return c.env.ASSETS.fetch(c.req.raw);
    return problemResponse(
      c,
      new Problem('not-found', `There is nothing at ${c.req.path}. ${API} lists what this API has.`),
    );
  });
  app.onError((error, c) => problemResponse(c, error));
  return app;
}
