import type { OpenAPIHono } from '@hono/zod-openapi';
import { LINK } from './contract/index.ts';
import type { AppEnv } from './env.ts';

/** The OpenAPI 3.1 document of the routes of an app. It is committed as shared/api/openapi.json. */
export function openApiDocument(app: OpenAPIHono<AppEnv>) {
  return readable(documentOf(app));
}

const documentOf = (app: OpenAPIHono<AppEnv>) =>
  app.getOpenAPI31Document({
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

/**
 * The same schemas in a form that every reader understands. A tuple is `prefixItems` in JSON Schema 2020-12, without
 * which neither its length nor what may follow is said; many generators know lists only, and a tuple of like items is a
 * list of that length.
 */
function readable<T>(node: T): T {
  if (Array.isArray(node)) return node.map(readable) as T;
  if (typeof node !== 'object' || node === null) return node;
  const made = Object.fromEntries(Object.entries(node).map(([name, value]) => [name, readable(value)]));
  const { prefixItems: items, ...rest } = made;
  if (!Array.isArray(items) || 'items' in rest) return made as T;
  const length = { minItems: items.length, maxItems: items.length };
  const [first, ...others] = items.map((item) => JSON.stringify(item));
  return (others.every((one) => one === first) ? { ...rest, items: items[0], ...length } : { ...made, ...length }) as T;
}

/** These go without saying: every path takes a `release`, and a `photo` stands in for a body. */
const UNSAID = ['release', 'photo'];

/**
 * The paths of a document by the names that their routes go by in the index (`linkedAs`). What has to be sent something
 * shows its parameters.
 */
export function linksOf({ paths = {} }: ReturnType<typeof openApiDocument>): Record<string, string> {
  const links: Record<string, string> = {};
  for (const [path, { get, post }] of Object.entries(paths)) {
    if (get?.[LINK]) links[get[LINK]] = path;
    if (!post?.[LINK]) continue;
    const names = (post.parameters ?? []).flatMap((one) => ('in' in one && one.in === 'query' ? [one.name] : []));
    const query = names.filter((name) => !UNSAID.includes(name)).map((name) => `${name}=`);
    links[post[LINK]] = query.length > 0 ? `${path}?${query.join('&')}` : path;
  }
  return links;
}
