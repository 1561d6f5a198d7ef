import { createRoute, z } from '@hono/zod-openapi';
import type { Manifest } from '#shared/release';
import { norm } from '#shared/release';
import {
  decimal,
  file,
  json,
  linkedAs,
  newApp,
  notModified,
  perturbationsSchema,
  problems,
  recordSchema,
  refusedParameters,
  releaseParameter,
  text,
  whole,
  wholeNumber,
} from '../contract/index.ts';
import { recordOf, releaseOf } from '../storage/index.ts';
import { findPerturbation } from './choose.ts';
import { apiPath, dataPath } from './links.ts';
import { serveObject } from './object.ts';

type Perturbation = Manifest['perturbations'][number];

const sortable = ['id', 'attack', 'norm', 'epsilon', 'seed'] as const;
const orders = [...sortable, ...sortable.map((name) => `-${name}` as const)] as const;

const listQuery = z.strictObject({
  surrogate: text.optional().openapi({ description: 'Crafted on this model, alone or with others.' }),
  attack: text.optional(),
  norm: norm.optional(),
  epsilon: decimal.optional().openapi({ type: 'number', minimum: 0, description: 'The bound, in units of 0..255.' }),
  seed: whole(0, 999_999).optional().openapi(wholeNumber(0, 999_999)),
  sort: z
    .enum(orders, `must be one of ${orders.join(', ')}`)
    .optional()
    .openapi({ description: 'Ascending, or descending with "-"; left out: the order of the release.' }),
  limit: whole(1, 200)
    .default(100)
    .openapi({ ...wholeNumber(1, 200), default: 100 }),
  cursor: text.optional().openapi({ description: 'From the page before, with the same filter and order.' }),
  release: releaseParameter,
});

/** GET /perturbations, /perturbations/{id} and its files. */
export const perturbations = newApp();

perturbations.openapi(
  createRoute({
    ...linkedAs('perturbations'),
    method: 'get',
    path: '/perturbations',
    tags: ['perturbations'],
    operationId: 'listPerturbations',
    summary: 'Perturbations',
    description:
      'The perturbations of a release, filtered, sorted, page by page. A walk along the cursors stays within the release that it began in.',
    request: { query: listQuery },
    responses: {
      200: json(perturbationsSchema, 'A page of them.'),
      ...notModified,
      ...problems('bad-query', 'unknown-release'),
    },
  }),
  async (c) => {
    const query = c.req.valid('query');
    const { surrogate, attack, norm, epsilon, seed, sort, limit } = query;
    const asked = { surrogate, attack, norm, epsilon: epsilon?.toString(), seed: seed?.toString(), sort };
    const from = query.cursor === undefined ? null : readCursor(query.cursor, asked);
    const release = await releaseOf(c.env, from?.release ?? query.release);
    const fitting = release.perturbations.filter(
      (one) =>
        (surrogate === undefined || one.surrogates.includes(surrogate)) &&
        (attack === undefined || one.attack === attack) &&
        (norm === undefined || one.norm === norm) &&
        (epsilon === undefined || one.epsilon === epsilon) &&
        (seed === undefined || one.seed === seed),
    );
    if (sort) fitting.sort(byKey(sort));
    const offset = from?.offset ?? 0;
    const end = offset + limit;
    const cursor = end < fitting.length ? writeCursor({ release: release.version, offset: end }, asked) : null;
    return c.json(
      {
        release: release.version,
        total: fitting.length,
        perturbations: fitting.slice(offset, end).map(({ record, npy, safetensors, preview, growth, ...rest }) => ({
          ...rest,
          links: {
            self: apiPath(`/perturbations/${encodeURIComponent(rest.id)}`, { release: query.release }),
            record: dataPath(record),
            npy: dataPath(npy),
            safetensors: dataPath(safetensors),
            preview: dataPath(preview),
            ...(growth && { growth: dataPath(growth) }),
          },
        })),
        cursor,
        next: cursor && apiPath('/perturbations', { ...asked, limit: String(limit), cursor }),
      },
      200,
    );
  },
);

const idParameter = z.object({ id: z.string().openapi({ example: 'squeezenet1_1.cosine-uap.inf10.s1' }) });

perturbations.openapi(
  createRoute({
    ...linkedAs('perturbation'),
    method: 'get',
    path: '/perturbations/{id}',
    tags: ['perturbations'],
    operationId: 'getPerturbation',
    summary: 'The record of a perturbation',
    description:
      'Everything needed to make it again, and what it does: settings, surrogates, curve, fooling ratios with intervals, dominant labels.',
    request: { params: idParameter, query: z.strictObject({ release: releaseParameter }) },
    responses: {
      200: json(recordSchema, 'Its record.'),
      ...notModified,
      ...problems('bad-query', 'unknown-release', 'unknown-perturbation'),
    },
  }),
  async (c) => {
    const release = await releaseOf(c.env, c.req.valid('query').release);
    const { record } = findPerturbation(release, c.req.valid('param').id);
    return c.json(await recordOf(c.env, record), 200);
  },
);

perturbations.openapi(
  createRoute({
    method: 'get',
    path: '/perturbations/{id}/{format}',
    tags: ['perturbations'],
    operationId: 'getPerturbationFile',
    summary: 'A perturbation as a file',
    description:
      'float32 [3,S,S] in 0..255 units as npy or safetensors, or a preview (128 + 127 v / max |v|) as png; saved under the id. Ranges and conditions as under /data.',
    request: {
      params: idParameter.extend({ format: z.enum(['npy', 'safetensors', 'png']) }),
      query: z.strictObject({ release: releaseParameter }),
    },
    responses: {
      200: file('The file.', ['application/octet-stream', 'image/png']),
      206: file('The range that was asked for.', ['application/octet-stream', 'image/png']),
      ...notModified,
      ...problems(
        ...(['bad-query', 'not-found', 'unknown-release', 'unknown-perturbation'] as const),
        ...(['precondition-failed', 'range-not-satisfiable'] as const),
      ),
    },
  }),
  async (c) => {
    const asked = c.req.valid('query').release;
    const { id, format } = c.req.valid('param');
    const found = findPerturbation(await releaseOf(c.env, asked), id);
    const key = format === 'png' ? found.preview : found[format];
    // Under a named version it never changes.
    const cacheControl = asked === undefined ? 'public, max-age=10' : undefined;
    return serveObject(c, key, { filename: `${found.id}.${format}`, cacheControl });
  },
);

function byKey(sort: (typeof orders)[number]): (a: Perturbation, b: Perturbation) => number {
  const descending = sort.startsWith('-');
  const key = sort.replace('-', '') as (typeof sortable)[number];
  return (a, b) => {
    const order = a[key] < b[key] ? -1 : a[key] > b[key] ? 1 : 0;
    return descending ? -order : order;
  };
}

interface Place {
  release: string;
  offset: number;
}
type Asked = Record<string, string | undefined>;

/** Opaque to whoever gets it; `of` binds it to the question, whose next page it is. */
const writeCursor = ({ release, offset }: Place, asked: Asked): string =>
  toBase64Url(JSON.stringify({ release, offset, of: JSON.stringify(asked) }));

function readCursor(cursor: string, asked: Asked): Place {
  const shape = z.object({ release: z.string(), offset: z.int().min(0), of: z.literal(JSON.stringify(asked)) });
  try {
    return shape.parse(JSON.parse(fromBase64Url(cursor)));
  } catch {
    throw refusedParameters([
      { parameter: 'cursor', reason: 'is not one that was given for this filter and order; begin without it' },
    ]);
  }
}

const toBase64Url = (text: string) =>
  btoa(String.fromCharCode(...new TextEncoder().encode(text)))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
const fromBase64Url = (text: string) =>
  new TextDecoder().decode(
    Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (char) => char.charCodeAt(0)),
  );
