import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Manifest, perturbationRecord } from '#shared/release';
import { nodeCodecs, pngHeader, webpOf } from '../support/images.ts';
import { TEST_RELEASE, testManifest } from '../support/release.ts';
import { type RunningWorker, startWorker } from '../support/worker.ts';

let worker: RunningWorker;
let release: Manifest;
let edge: string[];
const photoFile = new URL('../../zoo/starter/photos/koala.jpg', import.meta.url);
let photo: Buffer;

beforeAll(async () => {
  [worker, release, photo] = await Promise.all([
    startWorker({ release: TEST_RELEASE }),
    testManifest(),
    readFile(photoFile),
  ]);
  edge = release.models.filter((model) => model.edge).map((model) => model.card.id);
}, 60_000);
afterAll(() => worker?.dispose());

const get = (path: string, init?: RequestInit) => fetch(`${worker.url}${path}`, init);

interface Answer {
  model: string;
  perturbation: string | null;
  strength: number;
  clean: { index: number; label: string; probability: number }[];
  perturbed: Answer['clean'] | null;
  fooled: boolean | null;
  distortion: { linf: number; l2: number; psnr: number | null; ssim: number } | null;
  timings: Record<string, number>;
  release: string;
}

async function classify(query: Record<string, string> = {}, body: BodyInit = new Uint8Array(photo)): Promise<Answer> {
  const response = await get(`/api/v1/classify?${new URLSearchParams(query)}`, { method: 'POST', body });
  expect(response.status, await response.clone().text()).toBe(200);
  return (await response.json()) as Answer;
}

async function problem(response: Response, status: number, kind: string): Promise<Record<string, unknown>> {
  const text = await response.text();
  expect(response.status, text).toBe(status);
  expect(response.headers.get('Content-Type')).toBe('application/problem+json');
  const body = JSON.parse(text) as Record<string, unknown>;
  expect(body).toMatchObject({ type: `/problems/${kind}`, status, title: expect.any(String) });
  expect(body.instance).toBe(`urn:uuid:${response.headers.get('X-Request-Id')}`);
  expect(String(body.detail).length).toBeGreaterThan(30);
  return body;
}

const refusal = async (
  query: string,
  body: BodyInit | undefined,
  status: number,
  kind: string,
  headers?: HeadersInit,
) => problem(await get(`/api/v1/classify${query}`, { method: 'POST', body, headers }), status, kind);

describe('a cold Worker', () => {
  test('opens one session for six requests at once', async () => {
    const answers = await Promise.all(Array.from({ length: 6 }, () => classify({ model: edge[0] })));
    expect(answers.filter((answer) => answer.timings.session > 0)).toHaveLength(1);
    expect(new Set(answers.map((answer) => JSON.stringify([answer.clean, answer.perturbed]))).size).toBe(1);
  });

  test('finishes what a client that left has started, and serves the next', async () => {
    const other = edge.at(-1)!;
    const abort = new AbortController();
    const left = fetch(`${worker.url}/api/v1/classify?model=${other}`, {
      method: 'POST',
      body: new Uint8Array(photo),
      signal: abort.signal,
    });
    setTimeout(() => abort.abort(), 60);
    await expect(left).rejects.toThrow();
    expect((await classify({ model: other })).model).toBe(other);
  });
});

describe('GET', () => {
  test('/api/v1 links to what there is', async () => {
    const { links } = (await (await get('/api/v1')).json()) as { links: Record<string, string> };
    for (const name of ['release', 'models', 'perturbations']) expect((await get(links[name])).status).toBe(200);
  });

  test('/release gives version, counts and a manifest that is served', async () => {
    const body = (await (await get('/api/v1/release')).json()) as {
      version: string;
      created: string;
      counts: Record<string, number>;
      links: { manifest: string };
    };
    expect(body).toMatchObject({ version: release.version, created: release.created });
    expect(body.counts).toMatchObject({
      models: release.models.length,
      edgeModels: edge.length,
      perturbations: release.perturbations.length,
      files: release.files.length,
    });
    expect(await (await get(body.links.manifest)).json()).toEqual(JSON.parse(JSON.stringify(release)));
  });

  test('/models and /perturbations list the release with links that are served', async () => {
    const { models } = (await (await get('/api/v1/models')).json()) as {
      models: { id: string; links: Record<string, string> }[];
    };
    expect(models.map((model) => model.id)).toEqual(release.models.map((model) => model.card.id));
    const { perturbations } = (await (await get('/api/v1/perturbations')).json()) as {
      perturbations: { id: string; links: Record<string, string> }[];
    };
    expect(perturbations.map(({ id }) => id)).toEqual(release.perturbations.map(({ id }) => id));
    for (const { links } of [...models, ...perturbations]) {
      for (const link of Object.values(links)) expect((await get(link, { method: 'HEAD' })).status, link).toBe(200);
    }
  });

  test('/perturbations/{id} is the record', async () => {
    for (const { id } of release.perturbations) {
      const response = await get(`/api/v1/perturbations/${encodeURIComponent(id)}`);
      expect(perturbationRecord.parse(await response.json()).id).toBe(id);
    }
    const body = await problem(await get('/api/v1/perturbations/no-such'), 404, 'unknown-perturbation');
    expect(body.known).toEqual(release.perturbations.map(({ id }) => id));
  });

  test('answers are revalidated by ETag', async () => {
    const etag = (await get('/api/v1/models')).headers.get('ETag')!;
    expect((await get('/api/v1/models', { headers: { 'If-None-Match': etag } })).status).toBe(304);
  });

  test('every type of problem has a page, and HEAD answers without a body', async () => {
    const body = await problem(await get('/api/v1/no-such-route'), 404, 'not-found');
    expect((await get(String(body.type))).headers.get('Content-Type')).toContain('text/html');
    await problem(await get('/problems/no-such'), 404, 'not-found');
    const head = await get('/api/v1/release', { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
  });

  test('other methods get 405 and Allow', async () => {
    for (const [path, method, allow] of [
      ['/api/v1/release', 'POST', 'GET, HEAD, OPTIONS'],
      ['/api/v1/perturbations/x', 'DELETE', 'GET, HEAD, OPTIONS'],
      ['/api/v1/classify', 'GET', 'POST, OPTIONS'],
      ['/data/latest.json', 'PUT', 'GET, HEAD, OPTIONS'],
    ]) {
      const response = await get(path, { method });
      expect(response.headers.get('Allow')).toBe(allow);
      await problem(response, 405, 'method-not-allowed');
    }
  });

  test('any origin may ask, and nothing is sniffed', async () => {
    const response = await get('/api/v1/release', { headers: { Origin: 'https://example.org' } });
    expect(response.headers.get('Access-Control-Allow-Origin')).toBe('*');
    expect(response.headers.get('X-Content-Type-Options')).toBe('nosniff');
    const preflight = await get('/api/v1/classify', {
      method: 'OPTIONS',
      headers: {
        Origin: 'https://example.org',
        'Access-Control-Request-Method': 'POST',
        'Access-Control-Request-Headers': 'content-type',
      },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('Access-Control-Allow-Methods')).toContain('POST');
    expect(preflight.headers.get('Access-Control-Allow-Headers')?.toLowerCase()).toContain('content-type');
  });
});

describe('POST /classify', () => {
  test('uses the first edge model and a perturbation crafted on it by default', async () => {
    const answer = await classify();
    const crafted = release.perturbations.find(({ surrogates }) => surrogates.includes(edge[0]));
    expect(answer).toMatchObject({ model: edge[0], strength: 1, release: release.version });
    expect(answer.perturbation).toBe((crafted ?? release.perturbations[0]).id);
    expect(answer.clean).toHaveLength(5);
    expect(answer.perturbed).toHaveLength(5);
    expect(answer.timings.total).toBeGreaterThan(0);
  });

  test('recognises a koala, and says "fooled" exactly where the label changes', async () => {
    const labels = new Set<boolean>();
    for (const { id } of release.perturbations) {
      for (const strength of ['0', '1', '2']) {
        const answer = await classify({ model: edge[0], perturbation: id, strength, top: '1' });
        expect(answer.clean[0].label).toMatch(/koala/i);
        expect(answer.fooled).toBe(answer.clean[0].index !== answer.perturbed![0].index);
        labels.add(answer.fooled!);
      }
    }
    expect(labels).toContain(false);
  });

  test('distortion grows with the strength and stays within the bound', async () => {
    const { id, epsilon } = release.perturbations.find(({ norm }) => norm === 'inf')!;
    const [none, half, full] = await Promise.all(
      ['0', '0.5', '1'].map((strength) => classify({ perturbation: id, strength })),
    );
    expect(none.distortion).toMatchObject({ linf: 0, l2: 0, psnr: null });
    expect(none.fooled).toBe(false);
    expect(half.distortion!.linf).toBeLessThanOrEqual(Math.ceil(epsilon / 2));
    expect(full.distortion!.linf).toBeLessThanOrEqual(epsilon);
    expect(half.distortion!.l2).toBeLessThan(full.distortion!.l2);
    expect(half.distortion!.psnr!).toBeGreaterThan(full.distortion!.psnr!);
    expect(half.distortion!.ssim).toBeGreaterThan(full.distortion!.ssim);
  });

  test('probabilities fall, and all of top are given', async () => {
    const { clean } = await classify({ top: '20' });
    expect(clean).toHaveLength(20);
    const probabilities = clean.map(({ probability }) => probability);
    expect(probabilities).toEqual(probabilities.toSorted((a, b) => b - a));
    expect(probabilities.reduce((a, b) => a + b)).toBeLessThanOrEqual(1 + 1e-6);
  });

  test('perturbation=none classifies the photo alone', async () => {
    const answer = await classify({ perturbation: 'none' });
    expect(answer).toMatchObject({ perturbation: null, perturbed: null, fooled: null, distortion: null });
    expect(answer.clean[0].label).toMatch(/koala/i);
  });

  test('every edge model answers, one replacing the other', async () => {
    for (const model of [...edge, ...edge]) expect((await classify({ model })).clean[0].label, model).toMatch(/koala/i);
  });

  test('PNG and WebP of the same pixels give the same answer, whatever the content type says', async () => {
    const codecs = await nodeCodecs();
    const rgba = await codecs.decode(new Uint8Array(photo));
    const expected = await classify();
    const png = new Blob([(await codecs.encodePng(rgba)).slice()], { type: 'text/plain' });
    const webp = new Blob([(await webpOf(rgba)).slice()], { type: 'image/jpeg' });
    for (const body of [png, webp]) expect((await classify({}, body)).clean).toEqual(expected.clean);
  });

  test('Server-Timing carries the stages', async () => {
    const response = await get('/api/v1/classify', { method: 'POST', body: new Uint8Array(photo) });
    for (const stage of ['decode', 'canvas', 'session', 'inference', 'total']) {
      expect(response.headers.get('Server-Timing')).toMatch(new RegExp(`${stage};dur=\\d`));
    }
    expect(response.headers.get('Cache-Control')).toBe('no-store');
  });

  test('an unknown model or perturbation is named together with the known ones', async () => {
    expect((await refusal('?model=no-such', new Uint8Array(photo), 404, 'unknown-model')).known).toEqual(edge);
    const { known } = await refusal('?perturbation=no-such', new Uint8Array(photo), 404, 'unknown-perturbation');
    expect(known).toEqual(release.perturbations.map(({ id }) => id));
  });

  test('a query that is not valid says which parameter and why', async () => {
    for (const query of [
      'strength=3',
      'strength=-1',
      'strength=',
      'strength=abc',
      'top=0',
      'top=21',
      'top=1.5',
      'model=',
      'modle=x',
      'top=1&top=2',
    ]) {
      const { errors } = await refusal(`?${query}`, new Uint8Array(photo), 400, 'bad-query');
      expect(errors, query).toEqual([{ parameter: query.split('=')[0], reason: expect.any(String) }]);
    }
  });

  test('a flood is answered, or told to come back', async () => {
    const flood = await Promise.all(
      Array.from({ length: 30 }, () =>
        get('/api/v1/classify?perturbation=none', { method: 'POST', body: new Uint8Array(photo) }),
      ),
    );
    const busy = flood.filter(({ status }) => status !== 200);
    expect(busy.length).toBeGreaterThan(0);
    expect(flood.length - busy.length).toBeGreaterThanOrEqual(16);
    for (const response of busy) {
      expect(response.headers.get('Retry-After')).toBe('1');
      await problem(response, 503, 'busy');
    }
  });

  test('bodies that are no picture are refused with what was wrong', async () => {
    const cut = new Uint8Array(photo.subarray(0, photo.length >> 1));
    const damaged = (
      await (await nodeCodecs()).encodePng({ data: new Uint8ClampedArray(4 * 64), width: 8, height: 8 })
    ).slice();
    damaged.fill(0x55, 45);
    await refusal('', undefined, 400, 'empty-body');
    await refusal('', new Uint8Array(0), 400, 'empty-body');
    await refusal('', 'just some text, and nothing else', 415, 'not-an-image', { 'Content-Type': 'image/jpeg' });
    expect((await refusal('', pngHeader(40_000, 40_000).slice(), 413, 'image-too-large')).detail).toContain(
      '40000 x 40000',
    );
    await refusal('', new Uint8Array(20_000_001), 413, 'body-too-large');
    await refusal('', cut, 422, 'corrupt-image');
    await refusal('', damaged, 422, 'corrupt-image');
    expect((await classify()).clean[0].label).toMatch(/koala/i);
  });
});
