import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import { documentSchema, indexSchema, json, linkedAs, newApp, notModified, problems } from '../contract/index.ts';
import { linksOf, openApiDocument } from '../document.ts';
import type { AppEnv } from '../env.ts';

/** GET / and /openapi.json: what the API says about itself, from the routes that `app` has when it is first asked. */
export function about(app: OpenAPIHono<AppEnv>): OpenAPIHono<AppEnv> {
  let made: ReturnType<typeof openApiDocument> | undefined;
  const document = () => {
    made ??= openApiDocument(app);
    return made;
  };
  const part = newApp();

  part.openapi(
    createRoute({
      method: 'get',
      path: '/',
      tags: ['release'],
      operationId: 'index',
      summary: 'What this API has',
      responses: { 200: json(indexSchema, 'Links.'), ...notModified, ...problems() },
    }),
    (c) =>
      c.json(
        {
          title: 'Perturbation Atlas API',
          version: 1 as const,
          // The reference is a page of the site.
          links: { ...linksOf(document()), reference: '/reference/' },
          example: 'curl --data-binary @photo.jpg /api/v1/classify',
        },
        200,
      ),
  );

  part.openapi(
    createRoute({
      ...linkedAs('openapi'),
      method: 'get',
      path: '/openapi.json',
      tags: ['release'],
      operationId: 'getOpenApi',
      summary: 'This document',
      responses: { 200: json(documentSchema, 'OpenAPI 3.1.'), ...notModified, ...problems() },
    }),
    (c) => c.json({ ...document() }, 200),
  );
  return part;
}
