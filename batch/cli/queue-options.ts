/** The options of commands that work on many machines. */
import { type Command, InvalidArgumentError } from 'commander';
import { integer } from './context.ts';

export interface QueueOptions {
  queue: string;
  store: string;
  heartbeat?: number;
}

const queueText =
  'Postgres that hands out jobs, e.g. postgres://atlas@db.example.org/atlas; what it leaves out, and the password, comes from PGHOST, PGPORT, PGUSER, PGPASSWORD, PGDATABASE';
const storeText =
  "where outputs of jobs lie: s3://<bucket>/<prefix>, a bucket's address, or a folder that all machines see; a bucket's credentials come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY";

/** Of `atlas run`, which does without. */
export function queueOptions(command: Command): Command {
  return command
    .option('--queue <postgres url>', `with others, by ${queueText}`)
    .option('--store <s3 url|folder>', `with --queue: ${storeText}`)
    .option(
      '--heartbeat <seconds>',
      'with --queue: a worker that is not heard of for so long has lost its job (default: 45)',
      integer({ min: 10, max: 3600 }),
    );
}

/** Of commands that are nothing without a queue. */
export const queueOption = (command: Command): Command => command.requiredOption('--queue <postgres url>', queueText);
export const storeOption = (command: Command): Command => command.requiredOption('--store <s3 url|folder>', storeText);

const unitSeconds: Record<string, number> = { s: 1, m: 60, h: 3600 };

/** Parser of an option that takes a time: "90s", "10m", "2h". */
export function seconds(text: string): number {
  const [, count, unit = 's'] = /^(\d+(?:\.\d+)?)([smh])?$/.exec(text.trim()) ?? [];
  if (count === undefined) throw new InvalidArgumentError('It must be a time such as 90s, 10m or 2h.');
  return Number(count) * unitSeconds[unit];
}

const unitBytes: Record<string, number> = { MB: 1e6, GB: 1e9, TB: 1e12 };

/** Parser of an option that takes a size: "500MB", "20GB". */
export function bytes(text: string): number {
  const [, count, unit] = /^(\d+(?:\.\d+)?)\s*(MB|GB|TB)$/i.exec(text.trim()) ?? [];
  if (count === undefined) throw new InvalidArgumentError('It must be a size such as 500MB or 20GB.');
  return Number(count) * unitBytes[unit.toUpperCase()];
}
