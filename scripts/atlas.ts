import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

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
  running = spawn(process.execPath, [...atlasArguments, ...args], { cwd: root, stdio: 'inherit' });
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

export const exitStatusOf = (signal: NodeJS.Signals) => (signal === 'SIGINT' ? 130 : 143);

/** A terminal's Ctrl-C reaches the command as well; a signal sent to this process alone has to be handed on. */
function listen(): void {
  if (process.listenerCount('SIGINT') > 0) return;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (!running) return;
      interrupted ??= signal;
      running.kill(signal === 'SIGHUP' ? 'SIGTERM' : signal);
    });
  }
}
