import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../', import.meta.url));
const launcher = `${root}bin/atlas.mjs`;

export interface Ran {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Starts the real command line as a child process, the leader of a group of its own as in a terminal. */
export function startAtlas(args: string[], { env = {} }: { env?: Record<string, string> } = {}) {
  const child = spawn(process.execPath, [launcher, ...args], {
    cwd: root,
    env: { ...process.env, ...env },
    detached: true,
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = new Promise<Ran>((resolve) => child.on('close', (code) => resolve({ code, stdout, stderr })));
  return { child, ended };
}

/** Runs the real command line to its end. */
export const atlas = (args: string[], options?: { env?: Record<string, string> }): Promise<Ran> =>
  startAtlas(args, options).ended;
