import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AtlasClient, answerOf, atlasClient, type paths } from '#shared/api';
import { type Manifest, manifestKey, perturbationRecord, sha256Hex, type TransferRow } from '#shared/release';
import { readKey, TEST_RELEASE, testManifest } from '../support/release.ts';
import { type RunningWorker, startWorker } from '../support/worker.ts';

let worker: RunningWorker;
let release: Manifest;
let atlas: AtlasClient;
/**
 * An earlier release in the same bucket: the same files under another version, without the first perturbation, and the
 * next one crafted on two models at once.
 */
const EARLIER = '0.0.0-earlier';

beforeAll(async () => {
  [worker, release] = await Promise.all([startWorker({ release: TEST_RELEASE }), testManifest()]);
  atlas = atlasClient({ baseUrl: worker.url });
  const [, next, ...others] = release.perturbations;
  const earlier = { ...release, version: EARLIER, perturbations: [{ ...next, surrogates: ['one', 'two'] }, ...others] };
  await worker.put(manifestKey(EARLIER), JSON.stringify(earlier));
  await worker.put('releases/0.0.0-half/perturbations/x.npy', 'an upload that is under way');
}, 60_000);
afterAll(() => worker?.dispose());

const get = (path: string, init?: RequestInit) => fetch(`${worker.url}${path}`, init);
type ListQuery = NonNullable<paths['/api/v1/perturbations']['get']['parameters']['query']>;
const list = async (query: ListQuery) => answerOf(await atlas.GET('/api/v1/perturbations', { params: { query } }));
const ids = async (query: ListQuery) => (await list(query)).perturbations.map(({ id }) => id);

describe('releases', () => {
  test('are those whose manifest is there, newest first, and any of them can be asked for', async () => {
    const { current, releases } = answerOf(await atlas.GET('/api/v1/releases'));
    expect(current).toBe(release.version);
    // Its number is the lower one, but it was put there later.
    expect(releases.map(({ version }) => version)).toEqual([EARLIER, release.version]);
    expect(releases.filter((one) => one.current).map(({ version }) => version)).toEqual([release.version]);
    for (const { links } of releases)
      for (const link of Object.values(links)) expect((await get(link)).status, link).toBe(200);
    expect((await ids({ release: EARLIER })).length).toBe(release.perturbations.length - 1);
  });

  test('that are not published are named as such, whatever the version looks like', async () => {
    for (const version of ['9.9.9', '0.0.0-half', '../latest.json', '..%2f..']) {
      const response = await get(`/api/v1/models?release=${version}`);
      expect([response.status, await response.json()]).toEqual([
        404,
        expect.objectContaining({ type: '/problems/unknown-release' }),
      ]);
    }
  });

  test('are told by /health, which is never cached', async () => {
    const response = await get('/api/v1/health');
    expect(response.headers.get('Cache-Control')).toBe('no-store');
    expect(await response.json()).toMatchObject({ status: 'ok', release: release.version });
  });
});

describe('perturbations', () => {
  test('are filtered by what they are', async () => {
    const all = release.perturbations;
    const expected = (fits: (one: (typeof all)[number]) => boolean) => all.filter(fits).map(({ id }) => id);
    const [surrogate] = all.find(({ surrogates }) => surrogates.length > 0)!.surrogates;
    expect(await ids({ surrogate })).toEqual(expected(({ surrogates }) => surrogates.includes(surrogate)));
    expect(await ids({ attack: 'noise' })).toEqual(expected(({ attack }) => attack === 'noise'));
    expect(await ids({ norm: 'inf', epsilon: 10, seed: 1 })).toEqual(
      expected((one) => one.norm === 'inf' && one.epsilon === 10 && one.seed === 1),
    );
    expect(await ids({ norm: '2' })).toEqual(expected(({ norm }) => norm === '2'));
    expect(await ids({ epsilon: 9 })).toEqual([]);
    // One of several surrogates is one.
    for (const surrogate of ['one', 'two']) expect(await ids({ surrogate, release: EARLIER })).toEqual([all[1].id]);
    expect(await ids({ surrogate: 'one+two', release: EARLIER })).toEqual([]);
  });

  test('are sorted, and walked through page by page without loss', async () => {
    const sorted = release.perturbations.map(({ id }) => id).toSorted();
    expect(await ids({ sort: 'id' })).toEqual(sorted);
    expect(await ids({ sort: '-id' })).toEqual(sorted.toReversed());
    const walked: string[] = [];
    let pages = 0;
    for (let next: string | null = '/api/v1/perturbations?sort=id&limit=1'; next; ) {
      const page = (await (await get(next)).json()) as Awaited<ReturnType<typeof list>>;
      expect(page.total).toBe(sorted.length);
      walked.push(...page.perturbations.map(({ id }) => id));
      next = page.next;
      pages++;
    }
    expect(walked).toEqual(sorted);
    // The last page is full, and leads to no empty one.
    expect(pages).toBe(sorted.length);
    expect(await list({ limit: sorted.length })).toMatchObject({ next: null, cursor: null });
    expect((await list({ limit: sorted.length - 1 })).next).not.toBeNull();
  });

  test('a cursor belongs to its question and stays in its release', async () => {
    const { cursor } = await list({ limit: 1, sort: 'id', release: EARLIER });
    expect((await list({ limit: 5, sort: 'id', cursor: cursor! })).release).toBe(EARLIER);
    for (const query of [`cursor=${cursor}`, 'cursor=nonsense', `sort=-id&cursor=${cursor}`]) {
      const response = await get(`/api/v1/perturbations?${query}`);
      expect([response.status, await response.json()], query).toEqual([
        400,
        expect.objectContaining({ errors: [{ parameter: 'cursor', reason: expect.any(String) }] }),
      ]);
    }
  });

  test('name the pictures of how they grew, where a network took part', async () => {
    const { perturbations } = await list({ limit: 100 });
    expect(perturbations.map(({ id, links }) => [id, links.growth])).toEqual(
      release.perturbations.map(({ id, growth }) => [id, growth && `/data/${growth}`]),
    );
    const grown = perturbations.find(({ surrogates }) => surrogates.length > 0)!;
    expect((await get(grown.links.growth!)).headers.get('Content-Type')).toBe('image/png');
    expect(perturbations.find(({ surrogates }) => surrogates.length === 0)?.links).not.toHaveProperty('growth');
  });

  test('come as files, saved under their id, with conditions and ranges', async () => {
    for (const { id, npy, safetensors, preview } of release.perturbations) {
      for (const [format, key] of Object.entries({ npy, safetensors, png: preview })) {
        const response = await get(`/api/v1/perturbations/${encodeURIComponent(id)}/${format}`);
        expect(response.status).toBe(200);
        expect(response.headers.get('Content-Disposition')).toBe(`attachment; filename="${id}.${format}"`);
        expect(Buffer.from(await response.arrayBuffer()).equals(await readKey(key)), `${id} ${format}`).toBe(true);
      }
    }
    const path = `/api/v1/perturbations/${release.perturbations[0].id}/npy`;
    const etag = (await get(path)).headers.get('ETag')!;
    expect((await get(path, { headers: { 'If-None-Match': etag } })).status).toBe(304);
    expect((await get(path, { headers: { Range: 'bytes=0-5' } })).status).toBe(206);
    expect((await get(`${path}?release=${release.version}`)).headers.get('Cache-Control')).toContain('immutable');
    expect((await get(path.replace('/npy', '/jpg'))).status).toBe(404);
  });
});

describe('the transfer table', () => {
  const rowsOf = async (query: string) =>
    ((await (await get(`/api/v1/transfer?${query}`)).json()) as { rows: TransferRow[] }).rows;
  const expected = async () =>
    (
      await Promise.all(
        release.perturbations.map(
          async ({ record }) =>
            perturbationRecord.parse(JSON.parse((await readKey(record)).toString())).fooling.evaluation,
        ),
      )
    ).flat();
  const key = ({ perturbation, target }: TransferRow) => `${perturbation} ${target}`;

  test('has the rows of the records, and filters them', async () => {
    const sorted = (rows: TransferRow[]) => rows.toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
    const all = sorted(await expected());
    expect(sorted(await rowsOf(''))).toEqual(all);
    const { target, perturbation } = all[1];
    expect(sorted(await rowsOf(`target=${target}`))).toEqual(all.filter((row) => row.target === target));
    expect(await rowsOf(`target=${target}&perturbation=${perturbation}`)).toEqual([all[1]]);
    expect(await rowsOf('epsilon=10&seed=1&norm=inf')).toHaveLength(all.length);
    for (const spelled of ['1e1', '10.0', '100E-1'])
      expect(await rowsOf(`epsilon=${spelled}`)).toHaveLength(all.length);
    expect(await rowsOf('epsilon=1.2e-7')).toEqual([]);
    for (const none of ['-1', '1e999', '1e', '.5', '0x10', 'NaN', '9'.repeat(41)]) {
      const refused = await fetch(`${worker.url}/api/v1/transfer?epsilon=${none}`);
      expect([none, refused.status]).toEqual([none, 400]);
    }
    expect(sorted(await rowsOf('surrogate=none'))).toEqual(all.filter((row) => row.surrogate === 'none'));
  });

  test('is CSV where Accept or format asks for it, the same as the file of the release', async () => {
    const file = (await readKey(release.tables.find(({ name }) => name === 'transfer')!.csv)).toString();
    for (const [path, headers] of [
      ['/api/v1/transfer', { Accept: 'text/csv' }],
      ['/api/v1/transfer?format=csv', {}],
    ] as const) {
      const response = await get(path, { headers });
      expect(response.headers.get('Content-Type')).toBe('text/csv; charset=utf-8');
      expect(await response.text()).toBe(file);
    }
    const json = await get('/api/v1/transfer?format=json', { headers: { Accept: 'text/csv' } });
    expect(json.headers.get('Content-Type')).toContain('application/json');
  });
});

describe('folders of /data', () => {
  const folder = async (path: string) => {
    const response = await get(path);
    expect(response.status, path).toBe(200);
    return (await response.json()) as {
      directories: { name: string; link: string }[];
      files: { key: string; bytes: number; link: string }[];
    };
  };

  test('lead from the root to every file of the release, and to nothing else', async () => {
    await worker.put('secret.txt', 'not part of a release');
    await worker.put('private/secret.txt', 'not part of a release');
    const seen = new Map<string, number>();
    const walk = async (path: string) => {
      const { directories, files } = await folder(path);
      for (const { key, bytes } of files) seen.set(key, bytes);
      for (const { link } of directories) await walk(link);
    };
    await walk('/data/');
    for (const { key, bytes } of release.files) expect(seen.get(key), key).toBe(bytes);
    expect([...seen.keys()].filter((key) => key.includes('secret'))).toEqual([]);
    for (const path of ['/data/private/', '/data/none/', '/data/releases/none/'])
      expect((await get(path)).status, path).toBe(404);
  });

  test('files are saved where ?download asks for it', async () => {
    const [{ npy }] = release.perturbations;
    expect((await get(`/data/${npy}`)).headers.get('Content-Disposition')).toBeNull();
    expect((await get(`/data/${npy}?download`)).headers.get('Content-Disposition')).toBe(
      'attachment; filename="perturbation.npy"',
    );
    const strange = `models/${'ä"'}.onnx`;
    await worker.put(strange, sha256Hex('x'));
    const header = (await get(`/data/${encodeURI(strange)}?download`)).headers.get('Content-Disposition');
    expect(header).toBe(`attachment; filename="__.onnx"; filename*=UTF-8''%C3%A4%22.onnx`);
  });
});
