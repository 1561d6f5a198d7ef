/**
 * Leads the process group of a local server and outlives whoever started it by no more than a moment: it ends the whole
 * group when its standard input closes, which happens whether the starter stops it, crashes or is killed. wrangler
 * alone would leave workerd behind.
 */
import { spawn } from 'node:child_process';

const [command, ...args] = process.argv.slice(2);
const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'] });
const GRACE_MS = 4000;

function endGroup(signal: NodeJS.Signals): void {
  if (process.platform === 'win32') spawn('taskkill', ['/pid', String(child.pid), '/t', '/f'], { stdio: 'ignore' });
  else process.kill(-process.pid, signal);
}

let ending = false;
function end(): void {
  if (ending) return;
  ending = true;
  endGroup('SIGTERM');
  setTimeout(() => endGroup('SIGKILL'), GRACE_MS).unref();
}

// The group's own SIGTERM reaches the warden too; it stays until the others are gone.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, end);
process.stdin.on('end', end).on('error', end).resume();
child.on('error', (error) => {
  console.error(error.message);
  process.exit(1);
});
child.on('exit', (code) => {
  process.exitCode = code ?? 1;
  // What wrangler left in the group (workerd, after a crash) goes now, and the warden with it.
  if (process.platform === 'win32') process.exit();
  process.kill(-process.pid, 'SIGKILL');
});
