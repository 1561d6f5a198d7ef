import { Hono } from 'hono';
import { cors } from 'hono/cors';
import { createMiddleware } from 'hono/factory';
import type { AppEnv } from './env.ts';
import { Problem, problemResponse } from './problems.ts';
import { classify } from './routes/classify.ts';
import { data } from './routes/data.ts';
import { problems } from './routes/problems.ts';
import { release } from './routes/release.ts';

/** The Worker: /api (what is in the release, and classify), /data (its files), /problems (what its errors mean). The site is static assets. */
const app = new Hono<AppEnv>();

const commonHeaders = createMiddleware<AppEnv>(async (c, next) => {
  c.set('requestId', crypto.randomUUID());
  await next();
  c.header('X-Request-Id', c.var.requestId);
  c.header('X-Content-Type-Options', 'nosniff');
  c.header('Referrer-Policy', 'no-referrer');
  c.header('Cross-Origin-Resource-Policy', 'cross-origin');
  c.header('Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'");
});

for (const path of ['/api/*', '/data/*', '/problems/*']) app.use(path, commonHeaders);

app.use(
  '/api/*',
  cors({
    origin: (origin, c) => {
      const allowed = (c.env as AppEnv['Bindings']).ALLOWED_ORIGINS.split(',').map((one) => one.trim());
      return allowed.includes('*') ? '*' : allowed.includes(origin) ? origin : null;
    },
    allowMethods: ['GET', 'HEAD', 'POST'],
    allowHeaders: ['Content-Type', 'If-None-Match'],
    exposeHeaders: ['Server-Timing', 'X-Request-Id', 'Retry-After', 'ETag'],
    maxAge: 86400,
  }),
);

app.route('/api/v1', classify);
app.route('/api/v1', release);
app.route('/data', data);
app.route('/problems', problems);

app.notFound((c) => {
  // Assets answer first outside of the Worker's own paths, so the site's 404 page has the last word there.
  const own = /^\/(api|data|problems)(\/|$)/.test(c.req.path);
  if (!own && c.env.ASSETS) return c.env.ASSETS.fetch(c.req.raw);
  return problemResponse(
    c,
    new Problem('not-found', `There is nothing at ${c.req.path}. /api/v1 lists what this API has.`),
  );
});
app.onError((error, c) => problemResponse(c, error));

export default app;
