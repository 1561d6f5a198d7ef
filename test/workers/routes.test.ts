/// <reference types="@cloudflare/workers-types" />
import { createRoute, z } from '@hono/zod-openapi';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { assemble } from '../../workers/atlas/app.ts';
import { imageBody, json, linkedAs, newApp } from '../../workers/atlas/contract/index.ts';
import type { Env } from '../../workers/atlas/env.ts';
import { problems } from '../../workers/atlas/routes/problems.ts';

/** Routes that the Worker does not have, in a part that knows of nothing but them. */
const part = newApp();
const counts = json(z.object({ votes: z.int() }), 'How many there are.');
part.openapi(
  createRoute({
    ...linkedAs('votes'),
    method: 'get',
    path: '/photos/{photo}/votes',
    operationId: 'countVotes',
    request: { params: z.object({ photo: z.string() }) },
    responses: { 200: counts },
  }),
  (c) => c.json({ votes: c.req.valid('param').photo.length }, 200),
);
part.openapi(
  createRoute({
    ...linkedAs('addVote'),
    method: 'post',
    path: '/photos/koala/votes',
    operationId: 'addVote',
    request: {
      query: z.object({ weight: z.string().optional(), photo: z.string().optional(), name: z.string().optional() }),
      body: imageBody,
    },
    responses: { 200: counts },
  }),
  (c) => c.json({ votes: 1 }, 200),
);
part.openapi(
  createRoute({ method: 'get', path: '/weather', operationId: 'weather', responses: { 200: counts } }),
  (c) => {
    c.header('Cache-Control', 'no-store');
    c.header('ETag', '"mine"');
    return c.json({ votes: 0 }, 200);
  },
);

const app = assemble({ '/api/v1': [part], '/problems': [problems] });
const env = { ALLOWED_ORIGINS: '*' } as Env;
const ask = async (path: string, init?: RequestInit) => app.request(path, init, env);
const allowOf = async (method: string, path: string) => (await ask(path, { method })).headers.get('Allow');
const votes = '/api/v1/photos/bear/votes';

beforeEach(() => {
  vi.spyOn(console, 'log').mockImplementation(() => {});
});

describe('a route that is added', () => {
  test('is answered, with an ETag that is revalidated and a Cache-Control', async () => {
    const response = await ask(votes);
    expect(await response.json()).toEqual({ votes: 4 });
    expect(response.headers.get('Cache-Control')).toBe('public, max-age=10');
    const etag = response.headers.get('ETag')!;
    expect(etag).toMatch(/^"[0-9a-f]{40}"$/);
    const again = await ask(votes, { headers: { 'If-None-Match': etag } });
    expect([again.status, await again.text()]).toEqual([304, '']);
    expect(again.headers.get('Cache-Control')).toBe('public, max-age=10');
  });

  test('answers HEAD as GET, without a body', async () => {
    const head = await ask(votes, { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
    expect(head.headers.get('ETag')).toBe((await ask(votes)).headers.get('ETag'));
  });

  test('refuses other methods with 405 and an Allow of all that its path answers', async () => {
    const refused = await ask(votes, { method: 'DELETE' });
    expect([refused.status, await refused.json()]).toEqual([
      405,
      expect.objectContaining({ type: '/problems/method-not-allowed', allowed: ['GET', 'HEAD'] }),
    ]);
    expect(refused.headers.get('Allow')).toBe('GET, HEAD, OPTIONS');
    expect(refused.headers.get('ETag')).toBeNull();
    // Two routes fit this path, one by its parameter.
    expect(await allowOf('PUT', '/api/v1/photos/koala/votes')).toBe('GET, HEAD, POST, OPTIONS');
    expect(await allowOf('POST', '/problems/busy')).toBe('GET, HEAD, OPTIONS');
    expect((await ask('/api/v1/photos', { method: 'DELETE' })).status).toBe(404);
    const options = await ask('/problems/busy', { method: 'OPTIONS' });
    expect([options.status, options.headers.get('Allow'), await options.text()]).toEqual([
      204,
      'GET, HEAD, OPTIONS',
      '',
    ]);
  });

  test('is linked to in the index under its name, with what it has to be told; without a name it is not', async () => {
    const { links } = (await (await ask('/api/v1')).json()) as { links: Record<string, string> };
    expect(links).toEqual({
      votes: '/api/v1/photos/{photo}/votes',
      addVote: '/api/v1/photos/koala/votes?weight=&name=',
      openapi: '/api/v1/openapi.json',
      reference: '/reference/',
    });
  });

  test('has its place in openapi.json', async () => {
    const { paths } = (await (await ask('/api/v1/openapi.json')).json()) as {
      paths: Record<string, Record<string, { operationId: string }>>;
    };
    expect(Object.keys(paths)).toEqual([
      '/api/v1',
      '/api/v1/openapi.json',
      '/api/v1/photos/{photo}/votes',
      '/api/v1/photos/koala/votes',
      '/api/v1/weather',
    ]);
    expect(paths['/api/v1/photos/koala/votes'].post.operationId).toBe('addVote');
  });

  test('keeps the ETag and the Cache-Control that it gives itself, and what is no GET gets neither', async () => {
    const { headers } = await ask('/api/v1/weather');
    expect([headers.get('ETag'), headers.get('Cache-Control')]).toEqual(['"mine"', 'no-store']);
    const posted = await ask('/api/v1/photos/koala/votes', { method: 'POST' });
    expect([posted.status, posted.headers.get('ETag'), posted.headers.get('Cache-Control')]).toEqual([200, null, null]);
  });

  test('may be read by a page of another origin, a 304 too', async () => {
    const etag = (await ask(votes)).headers.get('ETag')!;
    for (const more of [{}, { 'If-None-Match': etag }]) {
      const { headers } = await ask(votes, { headers: { Origin: 'https://example.org', ...more } as HeadersInit });
      expect(headers.get('Access-Control-Allow-Origin')).toBe('*');
      expect(headers.get('Access-Control-Expose-Headers')).toContain('ETag');
    }
  });
});
