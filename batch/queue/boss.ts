/** The queue: pg-boss on Postgres, which is loaded only here, and only by the commands that ask for it. */
import type { PgBoss } from 'pg-boss';
import { AtlasError, UsageError } from '#shared/errors';
import { reasonOf } from './patience.ts';

/** Of Postgres, in which pg-boss has its tables. */
export const schema = 'atlas';

export interface Queue {
  boss: PgBoss;
  /** Rows of a statement on pg-boss' tables, for what it has no call of its own for. */
  sql<Row>(text: string, values: unknown[]): Promise<Row[]>;
  close(): Promise<void>;
}

/**
 * Connects, and makes the database ready where nobody has yet.
 * @param address `postgres://<user>@<host>:<port>/<database>`; what it leaves out comes from PGHOST, PGPORT, PGUSER,
 * PGPASSWORD, PGDATABASE.
 * @throws UsageError for an address that is none or holds a password; AtlasError where the database cannot be had.
 */
export async function openQueue(address: string): Promise<Queue> {
  const connectionString = checked(address);
  let boss: PgBoss;
  try {
    boss = await started(connectionString, true).catch((error) => {
      // It may not make the schema, but somebody may have made it for it.
      if (error.code !== '42501') throw error;
      return started(connectionString, false).catch(() => Promise.reject(error));
    });
  } catch (error) {
    throw refusal(error);
  }
  return {
    boss,
    sql: async <Row>(text: string, values: unknown[]) => (await boss.getDb().executeSql(text, values)).rows as Row[],
    close: () => boss.stop({ graceful: false }),
  };
}

async function started(connectionString: string, createSchema: boolean): Promise<PgBoss> {
  const { PgBoss } = await import('pg-boss');
  const boss = new PgBoss({
    ...(connectionString !== '' && { connectionString }),
    ...{ schema, createSchema, application_name: 'atlas', max: 2, connectionTimeoutMillis: 10_000 },
    // Who supervises, and when, is ours to say (supervise.ts); nothing is scheduled, and nothing waits in flows.
    ...{ supervise: false, schedule: false, flowIntervalSeconds: 86_400, bamIntervalSeconds: 86_400 },
    ...{ monitorIntervalSeconds: 1, maintenanceIntervalSeconds: 3600, reindex: false, monitorVacuum: false },
  });
  // Every call throws its own error; what is said here beside it would end the process if nobody listened.
  boss.on('error', () => {});
  try {
    return await boss.start();
  } catch (error) {
    await boss.stop({ graceful: false }).catch(() => {});
    throw error;
  }
}

function checked(address: string): string {
  if (!/^postgres(ql)?:\/\//i.test(address)) {
    throw new UsageError(
      'The address of a queue begins with postgres://, as in postgres://atlas@db.example.org/atlas. What it leaves out is taken from PGHOST, PGPORT, PGUSER, PGPASSWORD and PGDATABASE.',
    );
  }
  // All from the environment.
  if (/^postgres(ql)?:\/\/\/?$/i.test(address)) return '';
  const url = URL.parse(address);
  if (!url) throw new UsageError('The address of the queue is no address. Give postgres://<user>@<host>/<database>.');
  if (url.password !== '' || url.searchParams.has('password')) {
    throw new UsageError(
      `The address of the queue on ${url.hostname} holds a password, which whoever lists processes can read. Put it into PGPASSWORD, and leave it out of the address.`,
    );
  }
  return address;
}

/** Why the database cannot be had, and what to do. */
function refusal(error: unknown): Error {
  const { code } = error as { code?: string };
  const why = reasonOf(error);
  if (code === '42501') {
    return new AtlasError(
      `The queue's database does not let the Atlas make its tables: ${why}. Let the role create a schema once (GRANT CREATE ON DATABASE … TO …), or make the schema "${schema}" for it (docs/scale.md).`,
    );
  }
  if (code?.startsWith('28') || code === '3D000' || /password|SASL|no pg_hba/i.test(why)) {
    return new UsageError(
      `The queue's database refuses: ${why}. Check the address, PGUSER, PGPASSWORD and PGDATABASE; sslmode=require may be needed at its end.`,
    );
  }
  return new AtlasError(`The queue's database cannot be reached: ${why}. Check the address, and that it runs.`);
}
