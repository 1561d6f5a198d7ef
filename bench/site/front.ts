/** What Cloudflare puts in front of the Worker and the local workerd lacks: HTTP/2 over TLS, and brotli. */
import { createSecureServer, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { brotliCompress, constants } from 'node:zlib';
import { selfSigned } from './certificate.ts';
import { isText } from './text.ts';

const brotli = promisify(brotliCompress);
/** Of brotli, 0 to 11: fast, as it has to be where each answer is compressed on its way. */
const QUALITY = 4;
/** Of one connection, and so not for HTTP/2; and what `fetch` has undone. */
const OF_THE_HOP = ['connection', 'keep-alive', 'transfer-encoding', 'content-encoding', 'content-length'];
/**
 * The Chromium of the tests (147) aborts a document with this header, whatever its value, when Lighthouse looks at its
 * performance or best practices (net::ERR_ABORTED). No score depends on it.
 */
const NOT_FOR_LIGHTHOUSE = 'referrer-policy';

interface Kept {
  status: number;
  headers: Record<string, string>;
  body: Buffer;
}

export interface Front {
  /** https://127.0.0.1:port, with a certificate that nobody knows. */
  url: string;
  close(): Promise<void>;
}

/** Serves what `origin` does. What was read once is kept compressed: the processor belongs to the page. */
export async function startFront(origin: string): Promise<Front> {
  const kept = new Map<string, Promise<Kept>>();
  const answer = async (request: Http2ServerRequest, response: Http2ServerResponse) => {
    const { url, method } = request;
    // Pages are read, and nothing is sent.
    if (method !== 'GET' && method !== 'HEAD') return response.writeHead(405).end();
    if (!kept.has(url)) kept.set(url, read(origin + url));
    const { status, headers, body } = await (kept.get(url) as Promise<Kept>);
    response.writeHead(status, headers);
    response.end(method === 'HEAD' ? '' : body);
  };
  const server = createSecureServer(selfSigned(), (request, response) => {
    answer(request, response).catch((error: unknown) => response.writeHead(502).end((error as Error).message));
  });
  const sessions = new Set<{ destroy(): void }>();
  server.on('session', (session) => {
    sessions.add(session);
    session.on('close', () => sessions.delete(session));
    // A browser that goes away at once is no fault.
    session.on('error', () => {});
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        for (const session of sessions) session.destroy();
      }),
  };
}

async function read(url: string): Promise<Kept> {
  const response = await fetch(url, { redirect: 'manual' });
  const headers = Object.fromEntries(response.headers);
  for (const name of [...OF_THE_HOP, NOT_FOR_LIGHTHOUSE]) delete headers[name];
  const body = Buffer.from(await response.arrayBuffer());
  if (!isText(headers)) return { status: response.status, headers, body };
  const params = { [constants.BROTLI_PARAM_QUALITY]: QUALITY };
  return {
    status: response.status,
    headers: { ...headers, 'content-encoding': 'br', vary: 'accept-encoding' },
    body: await brotli(body, { params }),
  };
}
