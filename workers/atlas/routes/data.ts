import { createRoute, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { LATEST_KEY, mediaTypes } from '#shared/release';
import {
  directorySchema,
  file,
  json,
  linkedAs,
  newApp,
  notModified,
  problems,
  refusedParameters,
} from '../contract/index.ts';
import type { AppEnv } from '../env.ts';
import { dataCors } from '../middleware/index.ts';
import { Problem } from '../problems.ts';
import { dataPath } from './links.ts';
import { missing, serveObject } from './object.ts';

/** The folders that a release is made of. */
const FOLDERS = ['models', 'releases'];
/** R2 has no longer keys, and takes a question for one as a fault. */
const MAX_KEY_BYTES = 1024;

/** GET and HEAD /data/{key}: the files of the releases, as R2 has them; a path that ends in "/" is a folder. */
export const data = newApp();

const describedAs = (path: '/' | '/{key}' | '/{folder}/', description: string) => ({
  method: 'get' as const,
  tags: ['data'],
  path,
  description,
});

// Keys hold slashes, which OpenAPI's path templates do not: the routes are described, and answered by one handler.
data.openAPIRegistry.registerPath({
  ...createRoute({
    ...linkedAs('data'),
    ...describedAs(
      '/{key}',
      'A file of a release, by the key that the manifest gives it. Conditions and a single byte range are honoured. HEAD too.',
    ),
    operationId: 'getFile',
    summary: 'A file',
    request: {
      params: z.object({ key: z.string().openapi({ example: 'latest.json' }) }),
      query: z.object({
        download: z.string().optional().openapi({ description: 'Given: the browser saves the file.' }),
      }),
    },
    responses: {
      200: file('The file.', mediaTypes),
      206: file('The range that was asked for.', mediaTypes),
      ...notModified,
      ...problems('not-found', 'bad-path', 'precondition-failed', 'range-not-satisfiable'),
    },
  }),
});
const listing = {
  200: json(directorySchema, 'Its files and folders.'),
  ...problems('not-found', 'bad-path', 'bad-query'),
};
const page = z.object({ cursor: z.string().optional().openapi({ description: 'From the page before.' }) });
data.openAPIRegistry.registerPath({
  ...createRoute({
    ...describedAs('/{folder}/', 'What is in a folder. The manifest of a release says more, with hashes.'),
    operationId: 'listFolder',
    summary: 'A folder',
    request: { params: z.object({ folder: z.string().openapi({ example: 'releases' }) }), query: page },
    responses: listing,
  }),
});
data.openAPIRegistry.registerPath({
  ...createRoute({
    ...describedAs('/', 'What the releases consist of: the pointer to the current one, and two folders.'),
    operationId: 'listRoot',
    summary: 'The folder of all folders',
    request: { query: page },
    responses: listing,
  }),
});

data.use('*', dataCors);

data.get('/*', async (c) => {
  const key = keyOf(new URL(c.req.url).pathname);
  if (key === '' || key.endsWith('/')) return directory(c, key);
  if (!isReleaseKey(key)) throw missing(key);
  const filename = c.req.query('download') === undefined ? undefined : key.slice(key.lastIndexOf('/') + 1);
  return serveObject(c, key, { filename });
});

async function directory(c: Context<AppEnv>, prefix: string): Promise<Response> {
  const inside = prefix === '' || isReleaseKey(prefix.slice(0, -1)) || FOLDERS.includes(prefix.slice(0, -1));
  if (!inside) throw missing(prefix);
  const cursor = c.req.query('cursor');
  const listed = await c.env.RELEASES.list({ prefix, delimiter: '/', cursor }).catch((error) => {
    if (cursor === undefined) throw error;
    throw refusedParameters([
      { parameter: 'cursor', reason: `is not one that was given for ${prefix}; begin without it` },
    ]);
  });
  const shown = (name: string) => prefix !== '' || name === LATEST_KEY || FOLDERS.includes(name.slice(0, -1));
  const name = (key: string) => key.slice(prefix.length);
  const directories = listed.delimitedPrefixes.filter((key) => shown(name(key)));
  const files = listed.objects.filter(({ key }) => shown(name(key)));
  if (prefix !== '' && directories.length + files.length === 0) throw missing(prefix);
  c.header('Cache-Control', 'public, max-age=60');
  return c.json({
    prefix,
    directories: directories.map((key) => ({ name: name(key), link: dataPath(key) })),
    files: files.map(({ key, size, httpEtag, uploaded }) => ({
      name: name(key),
      key,
      bytes: size,
      etag: httpEtag,
      uploaded: uploaded.toISOString(),
      link: dataPath(key),
    })),
    next: listed.truncated ? `${dataPath(prefix)}?cursor=${encodeURIComponent(listed.cursor)}` : null,
  } satisfies z.infer<typeof directorySchema>);
}

/** The bucket's key in a path /data/{key}. */
function keyOf(pathname: string): string {
  try {
    return decodeURIComponent(pathname.slice('/data/'.length));
  } catch {
    throw new Problem(
      'bad-path',
      `The path ${pathname} holds a percent-encoding that is not valid UTF-8. Correct it and ask again.`,
    );
  }
}

/** Only the three kinds of key that a release is made of are looked up. */
function isReleaseKey(key: string): boolean {
  const segments = key.split('/');
  const wellFormed = segments.every((segment) => segment !== '' && segment !== '.' && segment !== '..');
  const short = new TextEncoder().encode(key).length <= MAX_KEY_BYTES;
  return short && wellFormed && (key === LATEST_KEY || (FOLDERS.includes(segments[0]) && segments.length > 1));
}
