import { Hono } from 'hono';
import { html } from 'hono/html';
import { type ProblemKind, problemKinds } from '#shared/api';
import type { AppEnv } from '../env.ts';
import { Problem } from '../problems.ts';

/** GET /problems/{kind}: what the `type` of a problem means, for the person who follows it. */
export const problems = new Hono<AppEnv>();

problems.get('/:kind', (c) => {
  const kind = c.req.param('kind');
  if (!Object.hasOwn(problemKinds, kind))
    throw new Problem('not-found', `There is no kind of problem "${kind}". The "type" of an answer names its kind.`);
  const { status, title, meaning, remedy } = problemKinds[kind as ProblemKind];
  c.header('Cache-Control', 'public, max-age=3600');
  return c.html(html`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark"><title>${title}</title></head>
<body><main><h1>${title}</h1><p>HTTP ${status}, <code>/problems/${kind}</code></p><p>${meaning}</p><p>${remedy}</p><p><a href="/">Perturbation Atlas</a></p></main></body>
</html>`);
});
