import { readFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { constants, createGzip } from 'node:zlib';

/** What a host does instead of sending a file. */
export type Trick = 'endless' | 'bomb' | 'endless refusal' | 'drip' | 'none' | Uint8Array;

export interface HostileHost {
  url: string;
  /** Bytes that went out for a key, as far as the other side took them. */
  sent: Map<string, number>;
  /** What the last request said it would take. */
  encodings: Set<string | undefined>;
  close(): void;
}

/** Serves a folder, and instead of some of its keys whatever hurts. */
export async function serveHostile(folder: string, tricks: Record<string, Trick>): Promise<HostileHost> {
  const sent = new Map<string, number>();
  const encodings = new Set<string | undefined>();
  const server = createServer(async (request, response) => {
    const key = decodeURIComponent(request.url!.slice('/data/'.length));
    encodings.add(request.headers['accept-encoding'] as string | undefined);
    const trick = tricks[key] ?? tricks['*'];
    if (trick === undefined || trick instanceof Uint8Array) {
      const bytes = trick ?? (await readFile(join(folder, key)).catch(() => null));
      return void response.writeHead(bytes ? 200 : 404).end(bytes ?? '');
    }
    if (trick === 'none') return void response.writeHead(404).end();
    const count = (bytes: number) => sent.set(key, (sent.get(key) ?? 0) + bytes);
    response.on('error', () => undefined);
    if (trick === 'drip') await drip(response);
    else if (trick === 'bomb') bomb(response);
    else await pour(response.writeHead(trick === 'endless' ? 200 : 404), count);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${(server.address() as { port: number }).port}/data`,
    sent,
    encodings,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** Sends for as long as somebody takes it. */
async function pour(response: ServerResponse, count: (bytes: number) => void): Promise<void> {
  const chunk = Buffer.alloc(65_536, ' ');
  const closed = new Promise((done) => response.once('close', done));
  while (!response.destroyed) {
    count(chunk.length);
    if (!response.write(chunk)) await Promise.race([new Promise((done) => response.once('drain', done)), closed]);
  }
}

/** A thousand bytes for every one on the wire. */
function bomb(response: ServerResponse): void {
  response.writeHead(200, { 'content-encoding': 'gzip' });
  const gzip = createGzip({ level: constants.Z_BEST_SPEED });
  gzip.pipe(response);
  response.once('close', () => gzip.destroy());
  const chunk = Buffer.alloc(1 << 20);
  const more = () => {
    if (gzip.destroyed) return;
    gzip.write(chunk, more);
  };
  more();
}

/** Never silent, and never done. */
async function drip(response: ServerResponse): Promise<void> {
  response.writeHead(200);
  while (!response.destroyed) {
    response.write(' ');
    await setTimeout(40);
  }
}
