import { type Context, Hono } from 'hono';
import { html } from 'hono/html';
import { type ProblemKind, problemKinds } from '#shared/api';
import type { AppEnv } from '../env.ts';
import { Problem } from '../problems.ts';

/**
 * GET /problems/{kind}: what the `type` of a problem means, for the person who follows it. It is a page of the site;
 * where only the API runs, the bare words.
 */
export const problems = new Hono<AppEnv>();

problems.on('GET', ['/:kind', '/:kind/'], async (c) => {
  const kind = c.req.param('kind');
  if (!Object.hasOwn(problemKinds, kind))
    throw new Problem('not-found', `There is no kind of problem "${kind}". The "type" of an answer names its kind.`);
  const { status, title, meaning, remedy } = problemKinds[kind as ProblemKind];
  c.header('Cache-Control', 'public, max-age=3600');
  const page = await pageOf(c, `/problems/${kind}/`);
  if (page) return page;
  return c.html(html`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark"><title>${title}</title></head>
<body><main><h1>${title}</h1><p>HTTP ${status}, <code>/problems/${kind}</code></p><p>${meaning}</p><p>${remedy}</p><p><a href="/">Perturbation Atlas</a></p></main></body>
</html>`);
});

/** A page of the site, where this Worker has one at the path; with headers that can still be set. */
async function pageOf(c: Context<AppEnv>, path: string): Promise<Response | null> {
  const page = await c.env.ASSETS?.fetch(new URL(path, c.req.url));
  if (!page?.ok || !page.body) {
    await page?.body?.cancel();
    return null;
  }
  return c.body(page.body, 200, Object.fromEntries(page.headers));
}
