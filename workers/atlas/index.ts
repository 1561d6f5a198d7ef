import { etag } from 'hono/etag';
import { createMiddleware } from 'hono/factory';
import { newApp } from './contract/index.ts';
import { openApiDocument } from './document.ts';
import type { AppEnv } from './env.ts';
import { apiCors, limitImages, observe, securityHeaders } from './middleware/index.ts';
import { Problem, problemResponse } from './problems.ts';
import { classify } from './routes/classify.ts';
import { data } from './routes/data.ts';
import { refuseOtherMethods } from './routes/method.ts';
import { perturb } from './routes/perturb.ts';
import { perturbations } from './routes/perturbations.ts';
import { problems } from './routes/problems.ts';
import { release } from './routes/release.ts';
import { transfer } from './routes/transfer.ts';

/**
 * The Worker: /api (what is in the releases, classify, perturb), /data (their files), /problems (what its errors mean).
 * The site is static assets.
 */
const app = newApp();

for (const path of ['/api/*', '/data/*', '/problems/*']) app.use(path, observe, securityHeaders);
app.use('/api/*', apiCors);

const images = ['/api/v1/classify', '/api/v1/perturb'];
for (const path of images) app.on('POST', path, limitImages);

const lists = [
  '',
  '/health',
  '/release',
  '/releases',
  '/models',
  '/perturbations',
  '/perturbations/:id',
  '/transfer',
  '/openapi.json',
];
const listPaths = lists.map((path) => `/api/v1${path}`);
/** As long as an isolate itself may answer from the release before. */
const seconds = createMiddleware<AppEnv>(async (c, next) => {
  await next();
  if (c.res.ok && !c.res.headers.has('Cache-Control')) c.header('Cache-Control', 'public, max-age=10');
});
for (const path of listPaths) app.on('GET', path, etag(), seconds);

for (const part of [release, perturbations, transfer, classify, perturb]) app.route('/api/v1', part);
app.route('/data', data);
app.route('/problems', problems);

let document: ReturnType<typeof openApiDocument> | undefined;
app.get('/api/v1/openapi.json', (c) => {
  document ??= openApiDocument(app);
  return c.json(document);
});

for (const path of [...listPaths, '/api/v1/perturbations/:id/:format']) refuseOtherMethods(app, path, ['GET', 'HEAD']);
for (const path of images) refuseOtherMethods(app, path, ['POST']);

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
