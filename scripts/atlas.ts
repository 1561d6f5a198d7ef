import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import { whenStarterIsGone } from '../bin/starter.mjs';

export const root = fileURLToPath(new URL('..', import.meta.url)).replace(/[\\/]$/, '');
/** Where the starter study leaves its release. */
export const starterRelease = '.atlas/starter/release';
/** Node's arguments for the command line. */
export const atlasArguments = ['--disable-warning=ExperimentalWarning', 'batch/cli/main.ts'];

let running: ChildProcess | undefined;
let interrupted: NodeJS.Signals | undefined;

/** Runs one command of the command line as a user would, with its own progress; its exit status. */
export async function atlas(args: string[]): Promise<number> {
  listen();
  running = spawn(process.execPath, [...atlasArguments, ...args], {
    cwd: root,
    // The channel carries nothing; that it closes tells the command that this process is gone.
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  });
  const code = await new Promise<number>((done) => {
    running!.on('error', (error) => {
      console.error(error.message);
      done(1);
    });
    running!.on('close', (status) => done(status ?? 1));
  });
  running = undefined;
  if (interrupted) process.exit(exitStatusOf(interrupted));
  return code;
}

export const exitStatusOf = (signal: NodeJS.Signals) => 128 + constants.signals[signal];

/** A terminal's Ctrl-C reaches the command as well; a signal sent to this process alone has to be handed on. */
function listen(): void {
  if (process.listenerCount('SIGINT') > 0) return;
  whenToEnd((signal) => {
    if (!running) return;
    interrupted ??= signal;
    running.kill(signal);
  });
}

/** Calls `end` at Ctrl-C and the like, and when npm, which started this process, is gone. */
export function whenToEnd(end: (signal: NodeJS.Signals) => void): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => end(signal));
  whenStarterIsGone(() => end('SIGTERM'));
  // A terminal that is gone takes no more lines; that is no reason to end in another way.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
}
