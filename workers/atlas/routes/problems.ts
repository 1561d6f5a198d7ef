import { Hono } from 'hono';
import { html } from 'hono/html';
import type { AppEnv } from '../env.ts';
import { problemKinds } from '../problem-kinds.ts';
import { Problem } from '../problems.ts';
import { refuseOtherMethods } from './method.ts';

/** GET /problems/{kind}: what the `type` of a problem means, for the person who follows it. */
export const problems = new Hono<AppEnv>();

problems.get('/:kind', (c) => {
  const kind = c.req.param('kind');
  const problem = Object.entries(problemKinds).find(([name]) => name === kind)?.[1];
  if (!problem)
    throw new Problem('not-found', `There is no kind of problem "${kind}". The "type" of an answer names its kind.`);
  c.header('Cache-Control', 'public, max-age=3600');
  return c.html(html`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark"><title>${problem.title}</title></head>
<body><main><h1>${problem.title}</h1><p>HTTP ${problem.status}, <code>/problems/${kind}</code></p><p>${problem.meaning}</p><p><a href="/">Perturbation Atlas</a></p></main></body>
</html>`);
});
refuseOtherMethods(problems, '/:kind', ['GET', 'HEAD']);
