// Who started a process, and whether it is still there: npm, killed outright, leaves its shell and all below it
// running.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const INTERVAL_MS = 1000;

/**
 * Calls `gone` once when npm, or the shell that it runs scripts in, is gone. Nothing is watched where something else
 * started this process, since a shell may well end before what runs in its background; nor on Windows, which tells
 * nobody of a parent's end.
 * @returns what ends the watch
 */
export function whenStarterIsGone(gone) {
  if (process.platform === 'win32' || !process.env.npm_lifecycle_event) return () => undefined;
  const parent = process.ppid;
  const shell = find(parent);
  const npm = shell && /^-?(ba|da|z|k|a)?sh$/.test(shell.name) ? shell.parent : null;
  const timer = setInterval(() => {
    if (process.ppid === parent && (npm === null || find(parent)?.parent === npm)) return;
    clearInterval(timer);
    gone();
  }, INTERVAL_MS);
  timer.unref();
  return () => clearInterval(timer);
}

/** Name and parent of a process; null where there is none. */
function find(id) {
  try {
    if (process.platform === 'linux') {
      const [, name, parent] = /^\d+ \((.*)\) \S (\d+)/s.exec(readFileSync(`/proc/${id}/stat`, 'utf8'));
      return { name, parent: Number(parent) };
    }
    const said = execFileSync('ps', ['-o', 'ppid=,comm=', '-p', String(id)], { encoding: 'utf8' });
    const [, parent, path] = /^\s*(\d+)\s+(.*?)\s*$/.exec(said);
    return { name: path.replace(/^.*\//, ''), parent: Number(parent) };
  } catch {
    return null;
  }
}
