import { createRoute, z } from '@hono/zod-openapi';
import { type ModelCard, manifestKey, tamperedClass, tamperedLabel } from '#shared/release';
import {
  healthSchema,
  json,
  linkedAs,
  modelsSchema,
  newApp,
  notModified,
  problems,
  releaseParameter,
  releaseSchema,
  releasesSchema,
} from '../contract/index.ts';
import { decoderMemory } from '../imaging/index.ts';
import { runtimeMemory } from '../inference/index.ts';
import { currentRelease, publishedReleases, releaseOf } from '../storage/index.ts';
import { apiPath, dataPath } from './links.ts';

/** What there is: GET /health, /release, /releases and /models. */
export const release = newApp();

release.openapi(
  createRoute({
    ...linkedAs('health'),
    method: 'get',
    path: '/health',
    tags: ['release'],
    operationId: 'health',
    summary: 'Whether it is well',
    description: 'Whether a release is published and readable, and which.',
    responses: { 200: json(healthSchema, 'It is.'), ...notModified, ...problems() },
  }),
  async (c) => {
    const { version } = await currentRelease(c.env);
    c.header('Cache-Control', 'no-store');
    const memory = { wasm: runtimeMemory() + decoderMemory() };
    return c.json({ status: 'ok' as const, release: version, memory }, 200);
  },
);

release.openapi(
  createRoute({
    ...linkedAs('release'),
    method: 'get',
    path: '/release',
    tags: ['release'],
    operationId: 'getRelease',
    summary: 'A release',
    request: { query: z.strictObject({ release: releaseParameter }) },
    responses: {
      200: json(releaseSchema, 'Version, counts, links.'),
      ...notModified,
      ...problems('bad-query', 'unknown-release'),
    },
  }),
  async (c) => {
    const asked = c.req.valid('query').release;
    const found = await releaseOf(c.env, asked);
    return c.json(
      {
        version: found.version,
        created: found.created,
        title: found.title,
        description: found.description,
        licence: found.licence,
        study: found.study,
        ...{ canvas: found.canvas, fit: found.fit ?? 'crop' },
        counts: {
          models: found.models.length,
          edgeModels: found.models.filter((model) => model.edge).length,
          perturbations: found.perturbations.length,
          photos: found.photos.length,
          tables: found.tables.length,
          files: found.files.length,
          bytes: found.files.reduce((sum, file) => sum + file.bytes, 0),
        },
        links: {
          manifest: dataPath(manifestKey(found.version)),
          models: apiPath('/models', { release: asked }),
          perturbations: apiPath('/perturbations', { release: asked }),
          classify: apiPath('/classify', { release: asked }),
          tables: Object.fromEntries(
            found.tables.map(({ name, csv, parquet }) => [name, { csv: dataPath(csv), parquet: dataPath(parquet) }]),
          ),
        },
      },
      200,
    );
  },
);

release.openapi(
  createRoute({
    ...linkedAs('releases'),
    method: 'get',
    path: '/releases',
    tags: ['release'],
    operationId: 'listReleases',
    summary: 'All releases',
    description: 'Every release that is published, newest first. A new one is seen within a minute.',
    responses: { 200: json(releasesSchema, 'Versions and links.'), ...notModified, ...problems() },
  }),
  async (c) => {
    const { version: current } = await currentRelease(c.env);
    const releases = await publishedReleases(c.env);
    return c.json(
      {
        current,
        releases: releases.map(({ version, published }) => ({
          version,
          published: published.toISOString(),
          current: version === current,
          links: { release: apiPath('/release', { release: version }), manifest: dataPath(manifestKey(version)) },
        })),
      },
      200,
    );
  },
);

release.openapi(
  createRoute({
    ...linkedAs('models'),
    method: 'get',
    path: '/models',
    tags: ['release'],
    operationId: 'listModels',
    summary: 'Models',
    description:
      'Every model of a release with its card, whether the edge serves it, and which are hardened networks, and of what.',
    request: { query: z.strictObject({ release: releaseParameter }) },
    responses: {
      200: json(modelsSchema, 'Models.'),
      ...notModified,
      ...problems('bad-query', 'unknown-release'),
    },
  }),
  async (c) => {
    const found = await releaseOf(c.env, c.req.valid('query').release);
    return c.json(
      {
        release: found.version,
        models: found.models.map(({ card, key, sha256, bytes, edge, labels }) => ({
          id: card.id,
          title: card.title,
          edge,
          classes: card.classes,
          hardened: hardenedOf(card),
          inputSize: card.preprocessing.inputSize,
          bytes,
          sha256,
          card,
          links: { model: dataPath(key), labels: dataPath(labels) },
        })),
      },
      200,
    );
  },
);

function hardenedOf(card: ModelCard) {
  const index = tamperedClass(card);
  return card.hardened && index !== undefined
    ? { model: card.hardened.model, class: index, label: tamperedLabel }
    : null;
}
