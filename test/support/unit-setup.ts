/**
 * Holds unit tests to what they are: one that starts a process or a thread fails, and says where it belongs. In a
 * process or a thread are the command line, the pool of inference workers, workerd, and the browser.
 */
import childProcess from 'node:child_process';
import { syncBuiltinESMExports } from 'node:module';
import workerThreads from 'node:worker_threads';

function refuse(what: string) {
  return function refused(): never {
    throw new Error(
      `A unit test started a ${what}. Unit tests take milliseconds: write this one without, or name its file in SYSTEM in vitest.config.ts.`,
    );
  };
}

const starters = ['spawn', 'spawnSync', 'exec', 'execSync', 'execFile', 'execFileSync', 'fork'] as const;
Object.assign(childProcess, Object.fromEntries(starters.map((name) => [name, refuse('process')])));
Object.assign(workerThreads, { Worker: refuse('thread') });
syncBuiltinESMExports();
