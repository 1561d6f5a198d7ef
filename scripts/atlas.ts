import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url)).replace(/[\\/]$/, '');
/** Where the starter study leaves its release. */
export const starterRelease = '.atlas/starter/release';
/** Node's arguments for the command line. */
export const atlasArguments = ['--disable-warning=ExperimentalWarning', 'batch/cli/main.ts'];
export const endings = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export const exitStatusOf = (signal: NodeJS.Signals) => (signal === 'SIGINT' ? 130 : 143);

/**
 * Runs one command of the command line as a user would, with its own progress; its exit status. A signal that comes
 * meanwhile is handed on, and ends this process when the command has ended.
 */
export async function atlas(args: string[]): Promise<number> {
  const child = spawn(process.execPath, [...atlasArguments, ...args], { cwd: root, stdio: 'inherit' });
  let interrupted: NodeJS.Signals | undefined;
  // A terminal's Ctrl-C reaches the command as well; a signal sent to this process alone has to be handed on.
  const handOn = (signal: NodeJS.Signals) => {
    interrupted ??= signal;
    child.kill(signal === 'SIGHUP' ? 'SIGTERM' : signal);
  };
  for (const signal of endings) process.on(signal, handOn);
  const code = await new Promise<number>((done) => {
    child.on('error', (error) => {
      console.error(error.message);
      done(1);
    });
    child.on('close', (status) => done(status ?? 1));
  });
  for (const signal of endings) process.off(signal, handOn);
  if (interrupted) process.exit(exitStatusOf(interrupted));
  return code;
}
