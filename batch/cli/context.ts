/**
 * What every command shares: its common flags, how it talks (people on standard error, scripts on standard output), and
 * how it ends.
 */
import { constants } from 'node:os';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { UsageError } from '#shared/errors';
import { FormatError } from '#shared/formats';
import { GraphError } from '#shared/graph';
import { ImageError } from '#shared/images';
import { type Provider, provider } from '#shared/release';
import { cut, printable, printableJson } from './printable.ts';

export { UsageError };

/** Given to every command. */
export interface Context {
  /** Standard output carries JSON and nothing else. */
  json: boolean;
  quiet: boolean;
  provider: Provider | 'auto';
  /** Left out by the user: undefined, and the compute pool decides. */
  workers: number | undefined;
  seed: number;
  /** Aborted by the first Ctrl-C (or SIGTERM, or hang-up): stop at the next safe place by throwing. */
  signal: AbortSignal;
  /**
   * What is going on now, to standard error: one line rewritten on a terminal, else a line every few seconds. Nothing
   * under --quiet.
   */
  progress(text: string): void;
  /** A line for people that stays, to standard error. Nothing under --quiet. */
  say(text: string): void;
  /** The result for people, to standard output. Nothing under --json. */
  print(text: string): void;
  /** One JSON document on one line, to standard output. Nothing without --json. */
  emit(value: unknown): void;
}

/** Adds --json, --quiet, --provider and --workers; and --seed for a command that draws lots. */
export function globalOptions(command: Command, { seed = false }: { seed?: boolean } = {}): Command {
  command
    .option('--json', 'standard output carries JSON and nothing else')
    .option('--quiet', 'no progress and no notices')
    .addOption(
      new Option('--provider <name>', 'where models run; auto takes the fastest that works here')
        .choices(['auto', ...provider.options])
        .default('auto'),
    )
    .option('--workers <n>', 'worker threads (default: by the number of cores)', integer({ min: 1, max: 1024 }));
  if (seed) command.option('--seed <n>', 'seed of every random draw', integer({ min: 0, max: 2 ** 32 - 1 }), 1);
  return command;
}

/** Parser of an option that takes a whole number. */
export function integer({ min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER } = {}) {
  return (text: string): number => {
    const value = number({ min, max })(text);
    if (!Number.isSafeInteger(value)) throw new InvalidArgumentError('It must be a whole number.');
    return value;
  };
}

/** Parser of an option that takes a finite number, `min` and `max` included. */
export function number({ min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = {}) {
  return (text: string): number => {
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if (!Number.isFinite(value)) throw new InvalidArgumentError('It must be a number.');
    if (value < min) throw new InvalidArgumentError(`It must be at least ${min}.`);
    if (value > max) throw new InvalidArgumentError(`It must be at most ${max}.`);
    return value;
  };
}

/** Collects a repeated option: `--model a --model b` gives ['a', 'b']. Use without a default value. */
export function repeated(value: string, previous: string[] | undefined): string[] {
  return [...(previous ?? []), value];
}

const controller = new AbortController();
let interrupted: NodeJS.Signals | null = null;
/** Whether something was written where progress is rewritten, so that the next lasting line starts on a clean one. */
let lineIsDirty = false;
let lastProgress = 0;

/** Milliseconds between two progress reports: on a terminal, and in a log. */
const TERMINAL_INTERVAL = 100;
const LOG_INTERVAL = 5000;
/**
 * A Ctrl-C reaches us twice when a launcher in the same terminal hands it on; a person's second one comes later than
 * this.
 */
const ECHO = 300;
/** Milliseconds that an interrupted command has to come to a safe place. */
const GRACE = 20_000;
/** The same once whoever started it is gone, so that nobody is left to stop it. */
const ORPHAN_GRACE = 10_000;

/** Wraps the body of a command for commander: `command.action(action(async (context, options, ...args) => {...}))`. */
export function action<Options extends object, Args extends unknown[]>(
  run: (context: Context, options: Options, ...args: Args) => Promise<void> | void,
): (...all: unknown[]) => Promise<void> {
  return async (...all) => {
    const options = all.at(-2) as Options;
    const args = all.slice(0, -2) as Args;
    const context = contextOf(options as Partial<Context>);
    await run(context, options, ...args);
    clearLine();
    // A command that ended well after a Ctrl-C, as a server does, was interrupted all the same.
    if (interrupted !== null) endInterrupted(interrupted);
  };
}

function contextOf(options: Partial<Context>): Context {
  const { json = false, quiet = false } = options;
  return {
    json,
    quiet,
    provider: options.provider ?? 'auto',
    workers: options.workers,
    seed: options.seed ?? 1,
    signal: controller.signal,
    progress(text) {
      if (!quiet && interrupted === null) progress(text);
    },
    say(text) {
      if (quiet) return;
      clearLine();
      process.stderr.write(`${printable(text)}\n`);
    },
    print(text) {
      if (json) return;
      clearLine();
      process.stdout.write(`${printable(text)}\n`);
    },
    emit(value) {
      if (!json) return;
      clearLine();
      process.stdout.write(`${printableJson(value)}\n`);
    },
  };
}

function progress(text: string): void {
  const now = performance.now();
  const terminal = process.stderr.isTTY === true;
  if (lastProgress > 0 && now - lastProgress < (terminal ? TERMINAL_INTERVAL : LOG_INTERVAL)) return;
  lastProgress = now;
  const line = printable(text).replace(/\s+/g, ' ');
  if (!terminal) {
    process.stderr.write(`${line}\n`);
    return;
  }
  const width = (process.stderr.columns || 80) - 1;
  process.stderr.write(`\r\u001b[2K${line.length > width ? `${line.slice(0, width - 1)}…` : line}`);
  lineIsDirty = true;
}

function clearLine(): void {
  if (!lineIsDirty) return;
  process.stderr.write('\r\u001b[2K');
  lineIsDirty = false;
}

/**
 * The first SIGINT, SIGTERM or hang-up of the terminal aborts the commands' signal; the second ends the process. So
 * does the end of the launcher that started it, which closes the channel to it. A reader that went away (`| head`), or
 * a terminal, is no error.
 */
export function listenForEndings(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
    });
  }
  let first = 0;
  const interrupt = (name: NodeJS.Signals) => {
    if (interrupted !== null) {
      if (performance.now() - first > ECHO) endBySignal(interrupted);
      return;
    }
    interrupted = name;
    first = performance.now();
    clearLine();
    if (process.stderr.isTTY) process.stderr.write('Stopping at the next safe place. Ctrl-C again stops at once.\n');
    controller.abort(new DOMException('interrupted', 'AbortError'));
    setTimeout(() => endBySignal(name), GRACE).unref();
  };
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => interrupt(name));
  process.on('disconnect', () => {
    if (interrupted === null) interrupt('SIGTERM');
    setTimeout(() => endBySignal('SIGTERM'), ORPHAN_GRACE).unref();
  });
  // Heard all the same; but an open channel is no reason to go on when a command is done.
  process.channel?.unref();
}

function endInterrupted(name: NodeJS.Signals): void {
  process.stderr.write('atlas: interrupted. What was finished before is kept.\n');
  process.exitCode = exitStatusOfSignal(name);
  setTimeout(() => endBySignal(name), 2000).unref();
}

/** process.exit waits for threads that run a model, however long that takes; the signal itself waits for nobody. */
function endBySignal(name: NodeJS.Signals): void {
  process.removeAllListeners(name);
  process.kill(process.pid, name);
}

const exitStatusOfSignal = (name: NodeJS.Signals) => 128 + constants.signals[name];

/** What a model, a picture or an array from outside can be wrong by, beside what a command itself refuses. */
const badInput = [UsageError, GraphError, ImageError, FormatError];
const faults = [TypeError, ReferenceError, RangeError, SyntaxError];

/**
 * Says in one paragraph why a command failed, and sets the exit status: 1 failed, 2 bad usage or input, 130
 * interrupted.
 */
export function finish(error: unknown): void {
  clearLine();
  if (interrupted !== null) {
    endInterrupted(interrupted);
    return;
  }
  const message = paragraph(error instanceof Error ? error.message || error.name : described(error));
  const isFault = faults.some((kind) => error instanceof kind);
  process.stderr.write(
    `atlas: ${message}${isFault ? '. This is a fault of the Atlas itself: the same command with ATLAS_DEBUG=1 shows where.' : ''}\n`,
  );
  if (process.env.ATLAS_DEBUG && error instanceof Error) process.stderr.write(`${printable(String(error.stack))}\n`);
  endWith(badInput.some((kind) => error instanceof kind) ? 2 : 1);
}

/** A library may throw what is no error: a number, or an object. */
const described = (thrown: unknown) => `something went wrong, and all that is said of it is ${JSON.stringify(thrown)}`;

/** Longer than any message of ours, however many names are in it. */
const LONGEST_PARAGRAPH = 4000;

/** Any text as one paragraph, of a length that a person reads. */
export function paragraph(text: string): string {
  return cut(printable(text.trim().replace(/\s*[\n\r]\s*/g, ' ')), LONGEST_PARAGRAPH);
}

/** Output is flushed and handles are closed in their own time; whatever still holds the process then is given up. */
export function endWith(status: number): void {
  process.exitCode = status;
  setTimeout(() => process.exit(status), 2000).unref();
}
