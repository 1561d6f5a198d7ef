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
// Compiled once and not in every process and thread: half of the time that a short command takes.
process.env.NODE_COMPILE_CACHE ??= `${root}node_modules/.cache/atlas`;
const child = spawn(
  node,
  ['--disable-warning=ExperimentalWarning', `${root}batch/cli/main.ts`, ...process.argv.slice(2)],
  // The channel carries nothing; that it closes tells the command line that this launcher is gone.
  { stdio: ['inherit', 'inherit', 'inherit', 'ipc'] },
);
const statuses = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };
// A Ctrl-C that is handed on twice, by the terminal and by us, is one.
const echo = 300;
const patience = 1000;
const grace = 30_000;
let interrupted;
let first = 0;
// The terminal sends Ctrl-C to the whole group; a signal sent to this launcher alone has to be handed on. Whatever the
// process is in the middle of, a second one ends it, and so does some time after the first.
function handOn(signal) {
  const now = performance.now();
  const again = interrupted !== undefined && now - first > echo;
  if (interrupted === undefined) {
    interrupted = signal;
    first = now;
  }
  child.kill(signal);
  setTimeout(() => child.kill('SIGKILL'), again ? patience : grace).unref();
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, handOn);
whenStarterIsGone(() => handOn('SIGTERM'));
child.on('exit', (code, signal) => process.exit(code ?? statuses[signal === 'SIGKILL' ? interrupted : signal] ?? 1));
