import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AwsClient } from 'aws4fetch';
import { choosePort, type LocalWorker, startWorker } from '../../batch/cli/serve-worker.ts';
import { type Bucket, openBucket } from '../../batch/publish/index.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** wrangler's local R2 behind its S3 endpoint, and the Worker that serves it under `${worker.url}/data`. */
export interface LocalBucket {
  worker: LocalWorker;
  bucket: Bucket;
  /** Stops workerd and removes what it kept. */
  close(): Promise<void>;
}

/** Starts an empty bucket; `port` is where to look for a free one. */
export async function openLocalBucket(port: number): Promise<LocalBucket> {
  const scratch = await mkdtemp(join(tmpdir(), 'atlas-s3-'));
  const worker = await startWorker({
    root,
    port: await choosePort(port + (process.pid % 100), false),
    assets: await mkdtemp(join(scratch, 'assets-')),
    persistTo: join(scratch, 'r2'),
    signal: new AbortController().signal,
  });
  return {
    worker,
    bucket: openBucket(worker.bucket, worker.credentials),
    async close() {
      await worker.stop();
      await rm(scratch, { recursive: true, force: true });
    },
  };
}

/**
 * What happens to a request instead of being passed on (null): a status to answer with; no answer at all; a connection that is reset before
 * the bucket hears of it ("reset") or after it did what was asked ("lost"); an answer that is cut short.
 */
export type Fault = number | 'hang' | 'reset' | 'lost' | 'cut' | null;

/** Stands before the bucket, writes down what passes ("PUT releases/…"), and may answer in its place. */
export async function proxy(
  worker: LocalWorker,
  fault: (line: string, count: number) => Fault,
  options: { patienceMs?: number } = {},
) {
  const seen: string[] = [];
  const target = new URL(worker.bucket);
  // The signature is of the proxy's own host name, so the request is signed again on its way.
  const client = new AwsClient({
    accessKeyId: worker.credentials.AWS_ACCESS_KEY_ID,
    secretAccessKey: worker.credentials.AWS_SECRET_ACCESS_KEY,
    service: 's3',
    region: 'auto',
    retries: 0,
  });
  const passed = ['content-type', 'cache-control', 'if-none-match', 'x-amz-content-sha256', 'x-amz-meta-sha256'];
  const server = createServer(async (request, response: ServerResponse) => {
    const line = `${request.method} ${decodeURIComponent(request.url!.replace(target.pathname, '').replace(/^\//, ''))}`;
    seen.push(line);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const wrong = fault(line, seen.length);
    if (wrong === 'hang') return;
    if (wrong === 'reset') return void request.socket.resetAndDestroy();
    if (typeof wrong === 'number') return void response.writeHead(wrong).end();
    const headers = Object.fromEntries(
      passed.flatMap((name) => (request.headers[name] ? [[name, request.headers[name] as string]] : [])),
    );
    const body = request.method === 'PUT' ? Buffer.concat(chunks) : undefined;
    const answer = await client.fetch(`${target.origin}${request.url}`, { method: request.method, body, headers });
    const bytes = Buffer.from(await answer.arrayBuffer());
    if (wrong === 'lost') return void request.socket.resetAndDestroy();
    const length = request.method === 'HEAD' ? answer.headers.get('content-length') : bytes.length;
    response.writeHead(answer.status, { etag: answer.headers.get('etag') ?? '', 'content-length': length ?? 0 });
    if (wrong === 'cut' && bytes.length > 1) {
      response.write(bytes.subarray(0, bytes.length / 2), () => request.socket.resetAndDestroy());
    } else response.end(bytes);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const url = `http://127.0.0.1:${(server.address() as { port: number }).port}${target.pathname}`;
  return {
    url,
    seen,
    bucket: openBucket(url, worker.credentials, options),
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
