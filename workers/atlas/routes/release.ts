import { Hono } from 'hono';
import { etag } from 'hono/etag';
import { manifestKey } from '#shared/release';
import type { AppEnv } from '../env.ts';
import { Problem } from '../problems.ts';
import { currentRelease, recordOf } from '../storage/index.ts';
import { refuseOtherMethods } from './method.ts';

/** Where a key of the release is served. */
export const dataPath = (key: string) => `/data/${key.split('/').map(encodeURIComponent).join('/')}`;

/** What is in the release: GET /release, /models, /perturbations, /perturbations/{id}, and the index of the API. */
export const release = new Hono<AppEnv>();

release.use('*', etag());
release.use('*', async (c, next) => {
  await next();
  // As long as an isolate itself may answer from the release before.
  if (c.res.ok) c.header('Cache-Control', 'public, max-age=10');
});

release.get('/', (c) =>
  c.json({
    title: 'Perturbation Atlas API',
    version: 1,
    links: {
      release: '/api/v1/release',
      models: '/api/v1/models',
      perturbations: '/api/v1/perturbations',
      perturbation: '/api/v1/perturbations/{id}',
      classify: '/api/v1/classify?model=&perturbation=&strength=&top=',
      data: '/data/{key}',
    },
    example: 'curl --data-binary @photo.jpg /api/v1/classify',
  }),
);

release.get('/release', async (c) => {
  const current = await currentRelease(c.env);
  return c.json({
    version: current.version,
    created: current.created,
    title: current.title,
    description: current.description,
    licence: current.licence,
    study: current.study,
    canvas: current.canvas,
    counts: {
      models: current.models.length,
      edgeModels: current.models.filter((model) => model.edge).length,
      perturbations: current.perturbations.length,
      photos: current.photos.length,
      tables: current.tables.length,
      files: current.files.length,
      bytes: current.files.reduce((sum, file) => sum + file.bytes, 0),
    },
    links: {
      manifest: dataPath(manifestKey(current.version)),
      models: '/api/v1/models',
      perturbations: '/api/v1/perturbations',
      classify: '/api/v1/classify',
      tables: Object.fromEntries(
        current.tables.map(({ name, csv, parquet }) => [name, { csv: dataPath(csv), parquet: dataPath(parquet) }]),
      ),
    },
  });
});

release.get('/models', async (c) => {
  const current = await currentRelease(c.env);
  return c.json({
    release: current.version,
    models: current.models.map(({ card, key, sha256, bytes, edge, labels }) => ({
      id: card.id,
      title: card.title,
      edge,
      classes: card.classes,
      inputSize: card.preprocessing.inputSize,
      bytes,
      sha256,
      card,
      links: { model: dataPath(key), labels: dataPath(labels) },
    })),
  });
});

release.get('/perturbations', async (c) => {
  const current = await currentRelease(c.env);
  return c.json({
    release: current.version,
    perturbations: current.perturbations.map(({ record, npy, safetensors, preview, ...rest }) => ({
      ...rest,
      links: {
        self: `/api/v1/perturbations/${encodeURIComponent(rest.id)}`,
        record: dataPath(record),
        npy: dataPath(npy),
        safetensors: dataPath(safetensors),
        preview: dataPath(preview),
      },
    })),
  });
});

release.get('/perturbations/:id', async (c) => {
  const current = await currentRelease(c.env);
  const id = c.req.param('id');
  const found = current.perturbations.find((perturbation) => perturbation.id === id);
  if (!found) throw unknownPerturbation(id, current.version, current.perturbations);
  return c.json(await recordOf(c.env, found.record));
});

for (const path of ['/', '/release', '/models', '/perturbations', '/perturbations/:id']) {
  refuseOtherMethods(release, path, ['GET', 'HEAD']);
}

/** The problem for an id that the release does not have. */
export function unknownPerturbation(id: string, version: string, perturbations: { id: string }[]): Problem {
  return new Problem(
    'unknown-perturbation',
    `Release ${version} has no perturbation "${id}". Choose one of "known", or see /api/v1/perturbations.`,
    { known: perturbations.map((perturbation) => perturbation.id) },
  );
}
