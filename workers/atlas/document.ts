import type { OpenAPIHono } from '@hono/zod-openapi';
import type { AppEnv } from './env.ts';

/** The OpenAPI 3.1 document of the routes of an app. It is committed as shared/api/openapi.json. */
export function openApiDocument(app: OpenAPIHono<AppEnv>) {
  return app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Perturbation Atlas',
      version: '1.0.0',
      description:
        'Universal adversarial perturbations: what is published, and what they do to a photo. No key, no account. Every error is application/problem+json (RFC 9457) whose `type` explains itself when opened. See docs/api.md.',
      license: { name: 'MIT', url: 'https://spdx.org/licenses/MIT.html' },
    },
    servers: [{ url: '/', description: 'The host that serves this document.' }],
    tags: [
      { name: 'images', description: 'What a network reads in a photo, without and with a perturbation.' },
      { name: 'perturbations', description: 'The perturbations of a release, and how they transfer between models.' },
      { name: 'release', description: 'What is published.' },
      { name: 'data', description: 'The files of the releases.' },
    ],
  });
}
