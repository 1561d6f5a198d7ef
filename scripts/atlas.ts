import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import { whenStarterIsGone } from '../bin/starter.mjs';

export const root = fileURLToPath(new URL('..', import.meta.url)).replace(/[\\/]$/, '');
/** Where the starter study leaves its release. */
const starterFolder = '.atlas/starter';
export const starterRelease = `${starterFolder}/release`;
/** The study of the first matrix alone: its jobs are among the starter's, and lie with them. */
export const firstLook = ['run', 'studies/first-look.json', '--out', starterFolder];
/** Node's arguments for the command line. */
export const atlasArguments = ['--disable-warning=ExperimentalWarning', 'batch/cli/main.ts'];
export const endings = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export const exitStatusOf = (signal: NodeJS.Signals) => 128 + constants.signals[signal];

// A terminal that is gone takes no more lines; that is no reason to end in another way.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

/** Commands that run now. */
const running = new Set<Promise<number>>();

/**
 * Runs one command of the command line as a user would, with its own progress; its exit status. A signal that comes
 * meanwhile is handed on, and ends this process when the command has ended, and those that run beside it; so does the
 * end of npm, which started it.
 * @param of `signal` ends the command alone; `onOutput` is called when it says something on standard output.
 */
export async function atlas(
  args: string[],
  { signal, onOutput }: { signal?: AbortSignal; onOutput?: () => void } = {},
): Promise<number> {
  const child = spawn(process.execPath, [...atlasArguments, ...args], {
    cwd: root,
    // The channel carries nothing; that it closes tells the command that this process is gone.
    stdio: ['inherit', onOutput ? 'pipe' : 'inherit', 'inherit', 'ipc'],
  });
  child.stdout?.on('data', (chunk) => {
    process.stdout.write(chunk);
    onOutput?.();
  });
  let interrupted: NodeJS.Signals | undefined;
  // A terminal's Ctrl-C reaches the command as well; a signal sent to this process alone has to be handed on.
  const handOn = (signal: NodeJS.Signals) => {
    interrupted ??= signal;
    child.kill(signal);
  };
  for (const signal of endings) process.on(signal, handOn);
  const unwatch = whenStarterIsGone(() => handOn('SIGTERM'));
  signal?.addEventListener('abort', () => child.kill('SIGTERM'));
  const ended = new Promise<number>((done) => {
    child.on('error', (error) => {
      console.error(error.message);
      done(1);
    });
    child.on('close', (status) => done(status ?? 1));
  });
  running.add(ended);
  const code = await ended;
  if (interrupted) {
    await Promise.all(running);
    process.exit(exitStatusOf(interrupted));
  }
  running.delete(ended);
  for (const signal of endings) process.off(signal, handOn);
  unwatch();
  return code;
}
