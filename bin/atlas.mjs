#!/usr/bin/env node
// npx starts this on whatever Node the machine has; the project's own Node 24 (a devDependency) runs the TypeScript as
// it is.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { whenStarterIsGone } from './starter.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const windows = process.platform === 'win32';
const node = [
  `${root}node_modules/node/bin/node${windows ? '.exe' : ''}`,
  `${root}node_modules/.bin/node${windows ? '.cmd' : ''}`,
].find((path) => existsSync(path));
if (!node) {
  console.error(
    'atlas: the packages are not installed. Run `npm ci` in the checkout first (`npm start` and `npm test` do it themselves).',
  );
  process.exit(1);
}
const child = spawn(
  node,
  ['--disable-warning=ExperimentalWarning', `${root}batch/cli/main.ts`, ...process.argv.slice(2)],
  // The channel carries nothing; that it closes tells the command line that this launcher is gone.
  { stdio: ['inherit', 'inherit', 'inherit', 'ipc'] },
);
// The terminal sends Ctrl-C to the whole group; a signal sent to this launcher alone has to be handed on.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
whenStarterIsGone(() => child.kill('SIGTERM'));
const statuses = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 };
child.on('exit', (code, signal) => process.exit(code ?? statuses[signal] ?? 1));
