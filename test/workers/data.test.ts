import { hash } from 'node:crypto';
import { request } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { latest, type Manifest, manifestKey } from '#shared/release';
import { readKey, TEST_RELEASE, testManifest } from '../support/release.ts';
import { type RunningWorker, startWorker } from '../support/worker.ts';

let worker: RunningWorker;
let release: Manifest;
let npy: string;
let content: Buffer;

beforeAll(async () => {
  [worker, release] = await Promise.all([startWorker({ release: TEST_RELEASE }), testManifest()]);
  npy = release.perturbations[0].npy;
  content = await readKey(npy);
}, 60_000);
afterAll(() => worker?.dispose());

const get = (key: string, headers: HeadersInit = {}, method = 'GET') =>
  fetch(`${worker.url}/data/${key}`, { method, headers });

test('every file of the manifest comes back with its bytes and a media type', async () => {
  for (const { key, sha256, mediaType } of release.files) {
    const response = await get(key.split('/').map(encodeURIComponent).join('/'), { 'Accept-Encoding': 'identity' });
    expect(response.status, key).toBe(200);
    expect(hash('sha256', Buffer.from(await response.arrayBuffer())), key).toBe(sha256);
    // The bucket was told of no media type: the Worker says what the manifest says.
    expect(response.headers.get('Content-Type'), key).toBe(mediaType);
    expect(response.headers.get('X-Content-Type-Options')).toBe('nosniff');
    expect(response.headers.get('Access-Control-Allow-Origin')).toBe('*');
  }
});

test('what never changes is cached for a year, and latest.json for seconds', async () => {
  const forever = 'public, max-age=31536000, immutable';
  for (const key of [npy, manifestKey(release.version), release.models[0].key]) {
    expect((await get(key, {}, 'HEAD')).headers.get('Cache-Control')).toBe(forever);
  }
  const response = await get('latest.json');
  expect(response.headers.get('Cache-Control')).toBe('public, max-age=10');
  expect(latest.parse(await response.json()).version).toBe(release.version);
});

test('HEAD tells length, type, ETag and that ranges are served', async () => {
  const response = await get(npy, { 'Accept-Encoding': 'identity' }, 'HEAD');
  expect(response.status).toBe(200);
  expect(response.headers.get('Content-Length')).toBe(String(content.length));
  expect(response.headers.get('Accept-Ranges')).toBe('bytes');
  expect(response.headers.get('ETag')).toMatch(/^"[0-9a-f]+"$/);
  expect(await response.text()).toBe('');
  expect((await get('models/none.onnx', {}, 'HEAD')).status).toBe(404);
});

test('a file that the client has is not sent again', async () => {
  const etag = (await get(npy, {}, 'HEAD')).headers.get('ETag')!;
  for (const [header, method] of [
    [etag, 'GET'],
    [`"other", W/${etag}`, 'GET'],
    ['*', 'GET'],
    [etag, 'HEAD'],
  ]) {
    const response = await get(npy, { 'If-None-Match': header }, method);
    expect(response.status, `${method} ${header}`).toBe(304);
    expect(response.headers.get('ETag')).toBe(etag);
    expect(await response.text()).toBe('');
  }
  expect((await get(npy, { 'If-None-Match': '"other"' })).status).toBe(200);
  expect((await get(npy, { 'If-Match': etag })).status).toBe(200);
  const refused = await get(npy, { 'If-Match': '"other"' });
  expect(refused.status).toBe(412);
  expect(await refused.json()).toMatchObject({ type: '/problems/precondition-failed' });
});

test('conditions are those of RFC 9110: in their order, and ignored where they have another form', async () => {
  const { headers } = await get(npy, {}, 'HEAD');
  const [etag, modified] = [headers.get('ETag')!, headers.get('Last-Modified')!];
  const before = 'Sun, 06 Nov 1994 08:49:37 GMT';
  for (const [conditions, status] of [
    [{ 'If-None-Match': 'garbage' }, 200],
    [{ 'If-None-Match': etag.slice(1, -1) }, 200],
    [{ 'If-None-Match': `"a" ${etag}` }, 200],
    [{ 'If-None-Match': `"a", ${etag}, *` }, 200],
    [{ 'If-None-Match': '"' }, 200],
    [{ 'If-None-Match': 'W/' }, 200],
    [{ 'If-None-Match': ',' }, 200],
    [{ 'If-None-Match': `, "a" ,, ${etag},` }, 304],
    [{ 'If-None-Match': '"with, a comma"' }, 200],
    [{ 'If-None-Match': '"other"', 'If-Modified-Since': modified }, 200],
    [{ 'If-Modified-Since': modified }, 304],
    [{ 'If-Modified-Since': before }, 200],
    [{ 'If-Modified-Since': 'Sunday, 06-Nov-94 08:49:37 GMT' }, 200],
    [{ 'If-Modified-Since': 'Sun Nov  6 08:49:37 1994' }, 200],
    [{ 'If-Modified-Since': 'Friday, 31-Dec-49 08:49:37 GMT' }, 304],
    [{ 'If-Modified-Since': 'Fri Dec 31 08:49:37 2049' }, 304],
    [{ 'If-Modified-Since': '2049-01-01' }, 200],
    [{ 'If-Modified-Since': 'tomorrow' }, 200],
    [{ 'If-Match': 'garbage' }, 200],
    [{ 'If-Match': `W/${etag}` }, 412],
    [{ 'If-Match': '*' }, 200],
    [{ 'If-Match': etag, 'If-Unmodified-Since': before }, 200],
    [{ 'If-Match': etag, 'If-None-Match': etag }, 304],
    [{ 'If-Match': '"other"', 'If-None-Match': etag }, 412],
    [{ 'If-Unmodified-Since': before }, 412],
    [{ 'If-Unmodified-Since': modified }, 200],
    [{ 'If-Unmodified-Since': 'yesterday' }, 200],
    [{ 'If-None-Match': etag, Range: `bytes=${content.length}-` }, 304],
  ] as [Record<string, string>, number][]) {
    for (const method of ['GET', 'HEAD']) {
      const response = await get(npy, conditions, method);
      expect(response.status, `${method} ${JSON.stringify(conditions)}`).toBe(status);
      const body = Buffer.from(await response.arrayBuffer());
      if (status === 200 && method === 'GET') expect(body.equals(content)).toBe(true);
    }
  }
});

test('a byte range gives those bytes', async () => {
  const size = content.length;
  for (const [range, start, end] of [
    ['bytes=0-127', 0, 127],
    ['bytes=100-', 100, size - 1],
    ['bytes=-50', size - 50, size - 1],
    [`bytes=${size - 1}-${size + 1000}`, size - 1, size - 1],
    [`bytes=-${size + 5}`, 0, size - 1],
  ] as const) {
    const response = await get(npy, { Range: range });
    expect(response.status, range).toBe(206);
    expect(response.headers.get('Content-Range'), range).toBe(`bytes ${start}-${end}/${size}`);
    expect(Buffer.from(await response.arrayBuffer()).equals(content.subarray(start, end + 1)), range).toBe(true);
  }
});

test('a range outside of the file is refused with its length', async () => {
  for (const range of [`bytes=${content.length}-`, `bytes=${content.length + 10}-${content.length + 20}`, 'bytes=-0']) {
    const response = await get(npy, { Range: range });
    expect(response.status, range).toBe(416);
    expect(response.headers.get('Content-Range')).toBe(`bytes */${content.length}`);
    expect(await response.json()).toMatchObject({ type: '/problems/range-not-satisfiable', size: content.length });
  }
});

test('ranges that cannot be honoured are ignored: malformed, several, or of another version', async () => {
  const etag = (await get(npy, {}, 'HEAD')).headers.get('ETag')!;
  for (const headers of [
    { Range: 'bytes=a-b' },
    { Range: 'bytes=5-2' },
    { Range: 'bytes=0-1,4-5' },
    { Range: 'lines=1-2' },
    { Range: 'bytes=0-9', 'If-Range': '"other"' },
  ]) {
    expect((await get(npy, headers as HeadersInit)).status, JSON.stringify(headers)).toBe(200);
  }
  expect((await get(npy, { Range: 'bytes=0-9', 'If-Range': etag })).status).toBe(206);
});

test('nothing but the files of a release is reachable', async () => {
  await worker.put('secret.txt', 'not part of a release');
  for (const key of [
    'secret.txt',
    'models',
    'releases/none/manifest.json',
    'models//x',
    `models/${'x'.repeat(1100)}`,
    `models/${'x'.repeat(1100)}/`,
    'LATEST.JSON',
  ]) {
    const response = await get(key);
    expect(response.status, key).toBe(404);
    expect(await response.json()).toMatchObject({ type: '/problems/not-found' });
  }
  for (const path of [
    '/data/models/../secret.txt',
    '/data/models/..%2fsecret.txt',
    '/data/models/%2e%2e/secret.txt',
    '/data/..%5csecret.txt',
    '/data//secret.txt',
  ]) {
    expect(await rawStatus(path), path).toBe(404);
  }
  expect(await rawStatus('/data/models/%ff')).toBe(400);
});

/** The status of a path that is sent as it is written: fetch would tidy it up. */
function rawStatus(path: string): Promise<number | undefined> {
  const { hostname, port } = new URL(worker.url);
  return new Promise((resolve, reject) => {
    request({ hostname, port, path }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on('error', reject)
      .end();
  });
}
