/// <reference types="@cloudflare/workers-types" />
import { Hono } from 'hono';
import { afterEach, expect, test, vi } from 'vitest';
import type { AppEnv, Env } from '../../workers/atlas/env.ts';
import { observe } from '../../workers/atlas/middleware/observe.ts';
import { Problem, problemResponse } from '../../workers/atlas/problems.ts';

const app = new Hono<AppEnv>();
app.use('*', observe);
app.post('/classify/:id', (c) => {
  if (c.req.param('id') === 'broken')
    throw new Problem('corrupt-image', 'A problem that a test makes, to see it told.');
  const timings = { wait: 1, decode: 2, canvas: 3, session: 0, inference: 40, total: 50 };
  Object.assign(c.var.observed, { model: 'm', perturbations: ['p', 'q'], release: '1.0.0', timings });
  return c.json({});
});
app.onError((error, c) => problemResponse(c, error));

afterEach(() => vi.restoreAllMocks());

async function told(path: string) {
  const points: AnalyticsEngineDataPoint[] = [];
  const lines = vi.spyOn(console, 'log').mockImplementation(() => {});
  const env = { REQUESTS: { writeDataPoint: (point) => points.push(point!) } } as Partial<Env>;
  await app.request(path, { method: 'POST', body: 'the bytes of a picture' }, env as Env);
  return { points, lines: lines.mock.calls.map(([line]) => String(line)) };
}

test('a request is one line of JSON and one data point: model, outcome, timings, and nothing of the image', async () => {
  const { points, lines } = await told('/classify/7?secret=x');
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0])).toMatchObject({
    event: 'request',
    id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    route: '/classify/:id',
    path: '/classify/7',
    status: 200,
    outcome: 'ok',
    model: 'm',
    timings: { inference: 40 },
  });
  expect(points).toEqual([
    {
      indexes: ['/classify/:id'],
      blobs: ['POST', 'ok', 'm', 'p q', '1.0.0', '/classify/:id'],
      doubles: [200, expect.any(Number), 1, 2, 3, 0, 40],
    },
  ]);
  expect(lines[0] + JSON.stringify(points)).not.toMatch(/bytes of a picture|secret/);
});

test('a problem is told by its kind', async () => {
  const { points, lines } = await told('/classify/broken');
  expect(JSON.parse(lines[0])).toMatchObject({ status: 422, outcome: 'corrupt-image' });
  expect(points[0].blobs?.[1]).toBe('corrupt-image');
});
