import { OpenAPIHono } from '@hono/zod-openapi';
import type { AppEnv } from '../env.ts';
import { Problem } from '../problems.ts';
import { badQuery } from './responses.ts';

/** A part of the API: its routes are checked against their schemas, and end up in the OpenAPI document. */
export function newApp(): OpenAPIHono<AppEnv> {
  return new OpenAPIHono<AppEnv>({
    defaultHook(result, c) {
      if (result.success) return;
      if (result.target === 'param')
        throw new Problem('not-found', `There is nothing at ${c.req.path}. /api/v1 lists what this API has.`);
      throw badQuery(result.error.issues);
    },
  });
}

/** The extension of an operation in the OpenAPI document that holds its name in the index. */
export const LINK = 'x-link';

/** Spread into a route: GET /api/v1 links to it under this name. */
export const linkedAs = (name: string) => ({ [LINK]: name }) as const;
