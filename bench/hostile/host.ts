/** A local server that sends what the cases of manifests.ts hold, and hurts in the ways that only a server can. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { HostileCase } from './run-case.ts';

/**
 * Serves one case at a time under /data. Keys are taken as they come: nothing is read from this disk.
 * @returns its address, what chooses the case, and what closes it
 */
export async function serveCases(): Promise<{ url: string; show(files: HostileCase['files']): void; close(): void }> {
  let shown: HostileCase['files'] = {};
  const server: Server = createServer((request, response) => {
    const bytes = shown[keyOf(request.url ?? '')];
    response.writeHead(bytes ? 200 : 404).end(bytes);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/data`,
    show(files) {
      shown = files;
    },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

function keyOf(path: string): string {
  try {
    return decodeURIComponent(path.slice('/data/'.length));
  } catch {
    return '';
  }
}
