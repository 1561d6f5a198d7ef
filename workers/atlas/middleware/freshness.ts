import { etag, RETAINED_304_HEADERS } from 'hono/etag';
import { createMiddleware } from 'hono/factory';
import type { AppEnv } from '../env.ts';

/**
 * Lets clients ask whether what they have is still right: every answer to GET or HEAD gets an ETag, unless its handler
 * gave it one, and becomes 304 where the client names it. A page of another origin may read a 304 as it may the answer.
 */
export const revalidated = etag({
  retainedHeaders: [...RETAINED_304_HEADERS, 'Access-Control-Allow-Origin', 'Access-Control-Expose-Headers'],
});

/**
 * An answer to GET or HEAD that says nothing else may be kept as long as an isolate answers from the release before.
 */
export const keptForSeconds = createMiddleware<AppEnv>(async (c, next) => {
  await next();
  const reads = c.req.method === 'GET' || c.req.method === 'HEAD';
  if (reads && c.res.ok && !c.res.headers.has('Cache-Control')) c.header('Cache-Control', 'public, max-age=10');
});
