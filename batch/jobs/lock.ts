import { readFileSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AtlasError } from '#shared/errors';

/**
 * Keeps other runs out of a folder until the function that it answers is called. The lock of a process that is no more
 * is taken over.
 * @throws AtlasError while another process works in the folder.
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, 'lock');
  const mine = JSON.stringify({ pid: process.pid, started: processOf(process.pid)?.started ?? null });
  for (let attempt = 0; attempt < 5; attempt++) {
    try {
      await writeFile(path, mine, { flag: 'wx' });
      return () => rm(path, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const theirs = await readFile(path, 'utf8').catch(() => null);
    if (theirs === null) continue;
    const holder = parse(theirs);
    if (holder && lives(holder)) {
      throw new AtlasError(
        `Another run (process ${holder.pid}) is working in ${folder}. Wait until it is done or end it; or give this one another folder with --out.`,
      );
    }
    // Renamed, not deleted: of two runs that find the same dead lock only one gets it.
    const dead = `${path}.${process.pid}`;
    await rename(path, dead).catch(() => undefined);
    await rm(dead, { force: true });
  }
  throw new AtlasError(`The lock ${path} cannot be had. Delete it if no other run is working in ${folder}.`);
}

function parse(text: string): { pid: number; started: string | null } | null {
  try {
    const value = JSON.parse(text) as { pid: number; started: string | null };
    return Number.isInteger(value.pid) && value.pid > 0 ? value : null;
  } catch {
    // Killed between creating the file and writing it.
    return null;
  }
}

function lives({ pid, started }: { pid: number; started: string | null }): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  const found = processOf(pid);
  if (found === null) return true;
  // A zombie has ended and only waits for its parent to notice; and another process may have got the number since.
  return found.state !== 'Z' && (started === null || started === found.started);
}

/** State and start of a process, in Linux' words (proc(5), stat: fields 3 and 22); null where they cannot be known. */
function processOf(pid: number): { state: string; started: string } | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { state: fields[0], started: fields[19] };
  } catch {
    return null;
  }
}
