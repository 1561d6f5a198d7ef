import { createServer, type IncomingMessage, request } from 'node:http';
import { Miniflare } from 'miniflare';
import { type Bucket, openBucket } from '../../batch/publish/index.ts';

/** Where a bucket is and what opens it, as `atlas publish` is told. */
export interface S3 {
  /** Address of the bucket. */
  bucket: string;
  credentials: { AWS_ACCESS_KEY_ID: string; AWS_SECRET_ACCESS_KEY: string };
}

/** Starts an empty R2 bucket in memory, behind the S3 endpoint of the local workerd. Close it, or workerd stays. */
export async function openLocalS3(): Promise<S3 & { opened: Bucket; close(): Promise<void> }> {
  const keys = { accessKeyId: 'local', secretAccessKey: 'local-only-secret' };
  const name = 'perturbation-atlas';
  const contents = 'export default { fetch: () => new Response(null, { status: 404 }) };';
  const miniflare = new Miniflare({
    cf: false,
    workers: [
      {
        config: {
          name: 'nothing',
          compatibilityDate: '2026-11-17',
          manifest: { mainModule: 'index.mjs', modules: { 'index.mjs': { type: 'esm', contents } } },
          env: { RELEASES: { type: 'r2', name, dev: { experimentalS3Credentials: keys } } },
        },
      },
    ],
  });
  const { origin } = await miniflare.ready;
  const s3: S3 = {
    bucket: `${origin}/cdn-cgi/local/r2/s3/${name}`,
    credentials: { AWS_ACCESS_KEY_ID: keys.accessKeyId, AWS_SECRET_ACCESS_KEY: keys.secretAccessKey },
  };
  return { ...s3, opened: openBucket(s3.bucket, s3.credentials), close: () => miniflare.dispose() };
}

/**
 * What happens to a request instead of being passed on (null): a status to answer with; no answer at all; a connection
 * that is reset before the bucket hears of it ("reset") or after it did what was asked ("lost"); an answer that is cut
 * short.
 */
export type Fault = number | 'hang' | 'reset' | 'lost' | 'cut' | null;

/** Stands before the bucket, writes down what passes ("PUT releases/…"), and may answer in its place. */
export async function proxy(
  { bucket, credentials }: S3,
  fault: (line: string, count: number) => Fault,
  options: { patienceMs?: number } = {},
) {
  const seen: string[] = [];
  const target = new URL(bucket);
  const server = createServer(async (incoming, response) => {
    const line = `${incoming.method} ${decodeURIComponent(incoming.url!.replace(target.pathname, '').replace(/^\//, ''))}`;
    seen.push(line);
    const sent = await readAll(incoming);
    const wrong = fault(line, seen.length);
    if (wrong === 'hang') return;
    if (wrong === 'reset') return void incoming.socket.resetAndDestroy();
    if (typeof wrong === 'number') return void response.writeHead(wrong).end();
    // The headers go on as they are, Host among them: it is part of what is signed.
    const { hostname, port } = target;
    const { url: path, method, headers } = incoming;
    const passed = request({ hostname, port, path, method, headers }, async (answer) => {
      const bytes = await readAll(answer);
      if (wrong === 'lost') return void incoming.socket.resetAndDestroy();
      response.writeHead(answer.statusCode!, answer.headers);
      if (wrong === 'cut' && bytes.length > 1)
        response.write(bytes.subarray(0, bytes.length / 2), () => incoming.socket.resetAndDestroy());
      else response.end(bytes);
    });
    passed.on('error', () => incoming.socket.destroy()).end(sent);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const url = `http://127.0.0.1:${(server.address() as { port: number }).port}${target.pathname}`;
  return {
    url,
    seen,
    bucket: openBucket(url, credentials, options),
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function readAll(from: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of from) chunks.push(chunk);
  return Buffer.concat(chunks);
}
