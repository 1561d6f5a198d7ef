import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout } from 'node:timers/promises';

export interface Behaviour {
  /** Cut the connection after so many bytes of the answer. */
  cutAt?: number;
  /** Send so many bytes of the answer and then nothing more. */
  pauseAt?: number;
  /** Answer as a server does that knows no ranges. */
  ignoreRange?: boolean;
  /** Answer a range with 416, or with the bytes from 1 on. */
  mistakesRange?: 'refused' | 'elsewhere';
  status?: number;
  /** Sent in place of the file. */
  instead?: Buffer;
}

export interface FileServer {
  url: string;
  behaviour: Behaviour;
  /** The Range header of each request so far, or undefined where it had none. */
  ranges: (string | undefined)[];
  /** Resolves when a pause of `pauseAt` begins. */
  paused(): Promise<void>;
  close(): Promise<void>;
}

/** One file over HTTP with range requests, and the ways in which servers fail. */
export async function serveFile(file: Buffer): Promise<FileServer> {
  let pausing = Promise.withResolvers<void>();
  const server: Server = createServer(async (request, response) => {
    const { behaviour } = self;
    self.ranges.push(request.headers.range);
    if (behaviour.status) {
      response.writeHead(behaviour.status).end();
      return;
    }
    const body = behaviour.instead ?? file;
    const asked = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    if (asked > 0 && behaviour.mistakesRange === 'refused') {
      response.writeHead(416, { 'content-range': `bytes */${body.length}` }).end();
      return;
    }
    const from = asked > 0 && behaviour.mistakesRange ? 1 : behaviour.ignoreRange ? 0 : asked;
    const part = body.subarray(from);
    response.writeHead(from > 0 ? 206 : 200, {
      'content-length': part.length,
      ...(from > 0 ? { 'content-range': `bytes ${from}-${body.length - 1}/${body.length}` } : {}),
    });
    const until = behaviour.cutAt ?? behaviour.pauseAt ?? part.length;
    response.write(part.subarray(0, until));
    if (behaviour.pauseAt !== undefined) {
      pausing.resolve();
      pausing = Promise.withResolvers<void>();
    } else if (behaviour.cutAt !== undefined) {
      // The bytes written so far must leave before the connection goes.
      await setTimeout(50);
      response.destroy();
    } else {
      response.end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const self: FileServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/model.onnx`,
    behaviour: {},
    ranges: [],
    paused: () => pausing.promise,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
  return self;
}
