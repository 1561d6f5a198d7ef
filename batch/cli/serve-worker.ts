import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AtlasError, UsageError } from '#shared/errors';
import { logTail } from './serve-site.ts';

const HOST = '127.0.0.1';
const STARTING_MS = 60_000;

/** A running local Worker with its R2 emulation. */
export interface LocalWorker {
  url: string;
  /** Address of the emulated bucket behind the S3 API, and the environment that opens it. */
  bucket: string;
  credentials: { AWS_ACCESS_KEY_ID: string; AWS_SECRET_ACCESS_KEY: string };
  /** Settles when the server has ended, whoever ended it; its log's last lines. */
  ended: Promise<string>;
  stop(): Promise<void>;
}

async function isFree(port: number): Promise<boolean> {
  // Something on ::1 would answer for "localhost" too.
  const answers = await new Promise<boolean>((done) => {
    const socket = connect({ host: '::1', port }, () => socket.destroy(done(true) as undefined));
    socket.on('error', () => done(false));
  });
  if (answers) return false;
  return new Promise((done) => {
    const server = createServer();
    server.on('error', () => done(false));
    server.listen(port, HOST, () => server.close(() => done(true)));
  });
}

/**
 * The port to serve on: the wanted one, or where it was not asked for by name the next free one after it.
 * @throws UsageError where the port that was asked for is taken.
 */
export async function choosePort(wanted: number, explicit: boolean): Promise<number> {
  for (let port = wanted; port < Math.min(wanted + 50, 65_536); port++) {
    if (await isFree(port)) return port;
    if (explicit)
      throw new UsageError(
        `Port ${port} is in use. Stop what listens there, or leave --port out to get the next free one.`,
      );
  }
  throw new AtlasError(`No port from ${wanted} on is free. Name one with --port.`);
}

/** What wrangler.toml says of the bucket, so that it is said once. */
async function localBucket(
  root: string,
): Promise<{ name: string; AWS_ACCESS_KEY_ID: string; AWS_SECRET_ACCESS_KEY: string }> {
  const text = await readFile(join(root, 'wrangler.toml'), 'utf8');
  const value = (key: string) => {
    const found = new RegExp(`^\\s*${key}\\s*=\\s*"([^"]+)"`, 'm').exec(text)?.[1];
    if (!found)
      throw new AtlasError(`wrangler.toml gives no ${key}: the local bucket cannot be opened. See docs/deploy.md.`);
    return found;
  };
  return {
    name: value('bucket_name'),
    AWS_ACCESS_KEY_ID: value('accessKeyId'),
    AWS_SECRET_ACCESS_KEY: value('secretAccessKey'),
  };
}

/**
 * Starts `wrangler dev` on the checkout's Worker with these pages and this emulated bucket, and waits until its bucket
 * answers. Nothing of it reaches Cloudflare.
 * @throws AtlasError with the last lines of its log where it does not start.
 */
export async function startWorker(options: {
  root: string;
  port: number;
  assets: string;
  persistTo: string;
  signal: AbortSignal;
}): Promise<LocalWorker> {
  const { root, port, assets, persistTo, signal } = options;
  const { name, ...credentials } = await localBucket(root);
  const logs = join(root, '.atlas', 'logs');
  await mkdir(logs, { recursive: true });
  await mkdir(persistTo, { recursive: true });
  const logPath = join(logs, `serve-${port}.log`);
  const log = createWriteStream(logPath);
  const warden = fileURLToPath(new URL('serve-warden.ts', import.meta.url));
  const wrangler = [
    'dev',
    '--ip',
    HOST,
    '--port',
    String(port),
    '--inspector-port',
    '0',
    '--assets',
    assets,
    '--persist-to',
    persistTo,
    '--show-interactive-dev-session=false',
  ];
  const child = spawn(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      warden,
      process.execPath,
      join(root, 'node_modules/wrangler/bin/wrangler.js'),
      ...wrangler,
    ],
    {
      cwd: root,
      detached: true, // a process group of its own, so that Ctrl-C reaches it through us and all of it ends
      stdio: ['pipe', 'pipe', 'pipe'],
      env: {
        ...process.env,
        WRANGLER_SEND_METRICS: 'false',
        CLOUDFLARE_CF_FETCH_ENABLED: 'false',
        XDG_CONFIG_HOME: join(root, '.atlas', 'config'),
        FORCE_COLOR: '0',
      },
    },
  );
  child.stdout.pipe(log);
  child.stderr.pipe(log);
  child.stdin.on('error', () => undefined);
  let over = false;
  const ended = new Promise<string>((done) => {
    child.on('error', (error) => done(error.message));
    child.on('close', () => done(logTail(logPath)));
  }).finally(() => {
    over = true;
  });
  const stop = async () => {
    child.stdin.end();
    await ended;
  };

  const url = `http://localhost:${port}`;
  const bucket = `http://${HOST}:${port}/cdn-cgi/local/r2/s3/${name}`;
  const deadline = Date.now() + STARTING_MS;
  try {
    while (!(await fetch(`${bucket}/latest.json`, { signal: AbortSignal.timeout(2000) }).catch(() => null))) {
      signal.throwIfAborted();
      if (over)
        throw new AtlasError(`The local Worker ended while it was starting. From its log, ${logPath}: ${await ended}`);
      if (Date.now() > deadline)
        throw new AtlasError(
          `The local Worker did not answer within ${STARTING_MS / 1000} s. From its log, ${logPath}: ${await logTail(logPath)}`,
        );
      await new Promise((done) => setTimeout(done, 150));
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return { url, bucket, credentials, ended, stop };
}

/** Waits until an address answers 200. @throws AtlasError with what it answered last. */
export async function untilAnswers(address: string, signal: AbortSignal, withinMs = 30_000): Promise<void> {
  const deadline = Date.now() + withinMs;
  for (let last = 'nothing'; ; ) {
    const response = await fetch(address, { signal: AbortSignal.any([signal, AbortSignal.timeout(5000)]) }).catch(
      () => null,
    );
    signal.throwIfAborted();
    if (response?.ok) return void (await response.arrayBuffer());
    if (response) last = `${response.status} ${(await response.text()).slice(0, 300)}`;
    if (Date.now() > deadline)
      throw new AtlasError(
        `${address} did not answer as it should within ${withinMs / 1000} s. The last answer: ${last}`,
      );
    await new Promise((done) => setTimeout(done, 200));
  }
}
