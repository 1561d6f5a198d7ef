import { createMiddleware } from 'hono/factory';
import { routePath } from 'hono/route';
import type { AppEnv, Env, Observation } from '../env.ts';

interface Told extends Observation {
  id: string;
  method: string;
  /** The route, e.g. /api/v1/perturbations/:id. */
  route: string;
  path: string;
  status: number;
  milliseconds: number;
}

/**
 * Gives every request its id, and tells what became of it: one line of JSON in the log, one data point where a dataset
 * is bound.
 */
export const observe = createMiddleware<AppEnv>(async (c, next) => {
  const started = performance.now();
  c.set('requestId', crypto.randomUUID());
  c.set('observed', { outcome: 'ok' });
  await next();
  const told: Told = {
    id: c.var.requestId,
    method: c.req.method,
    route: routePath(c, -1),
    path: c.req.path,
    status: c.res.status,
    milliseconds: Math.round((performance.now() - started) * 10) / 10,
    ...c.var.observed,
  };
  console.log(JSON.stringify({ event: 'request', ...told }));
  writeDataPoint(c.env.REQUESTS, told);
});

/**
 * Analytics Engine takes one index, 20 blobs and 20 doubles: their order is what queries go by, so it never changes.
 */
function writeDataPoint(dataset: Env['REQUESTS'], told: Told): void {
  const { timings } = told;
  dataset?.writeDataPoint({
    indexes: [told.route],
    blobs: [
      told.method,
      told.outcome,
      told.model ?? '',
      told.perturbations?.join(' ') ?? '',
      told.release ?? '',
      told.route,
    ],
    doubles: [
      told.status,
      told.milliseconds,
      timings?.wait ?? 0,
      timings?.decode ?? 0,
      timings?.canvas ?? 0,
      timings?.session ?? 0,
      timings?.inference ?? 0,
    ],
  });
}
