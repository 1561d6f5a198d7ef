import { readdirSync, readFileSync } from 'node:fs';

/** CPU time and memory of workerd processes that this process started, from /proc: Linux only, null elsewhere. */
export interface Usage {
  /** Milliseconds of CPU so far, in steps of 10. */
  cpu: number;
  /** Bytes of resident memory. */
  memory: number;
}

export function workerdUsage(): Usage | null {
  if (process.platform !== 'linux') return null;
  const parents = new Map<number, number>();
  const found = new Map<number, Usage>();
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry);
    if (!Number.isInteger(pid)) continue;
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      const name = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
      // proc(5): the fields after the name; 100 clock ticks a second, pages of 4 KiB.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      parents.set(pid, Number(fields[1]));
      if (name === 'workerd')
        found.set(pid, { cpu: 10 * (Number(fields[11]) + Number(fields[12])), memory: 4096 * Number(fields[21]) });
    } catch {
      // It has ended in between.
    }
  }
  const ours = (pid: number | undefined): boolean =>
    pid === process.pid || (!!pid && pid > 1 && ours(parents.get(pid)));
  const usages = [...found].filter(([pid]) => ours(pid)).map(([, usage]) => usage);
  if (usages.length === 0) return null;
  return {
    cpu: usages.reduce((sum, { cpu }) => sum + cpu, 0),
    memory: usages.reduce((sum, { memory }) => sum + memory, 0),
  };
}
