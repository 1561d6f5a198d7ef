import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Mutant } from './mutant.ts';
import { type Report, type Verdict, verdictOf } from './verdict.ts';

/** A run may take so many times as long as without the mistake, and at least so many seconds. */
const patience = 5;
const least = 90;

type Asked = Pick<Mutant, 'test' | 'named'>;
type Outcome = { verdict: Verdict; by: string };

/** Runs test files in a checkout, one run at a time, each in a process of its own. */
export class TestRunner {
  readonly #folder: string;
  /** By what was run without any mistake: what was wrong, and the seconds that it took. */
  readonly #whole = new Map<string, { wrong: string | null; seconds: number }>();
  #child: ChildProcess | null = null;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** null where these tests pass as the checkout is now; else why not. Tried once. */
  async passing(asked: Asked): Promise<string | null> {
    const key = keyOf(asked);
    const known = this.#whole.get(key);
    if (known) return known.wrong;
    const started = performance.now();
    const { verdict, by } = await this.#vitest(asked, 600);
    const wrong = verdict === 'survived' ? null : by;
    this.#whole.set(key, { wrong, seconds: (performance.now() - started) / 1000 });
    return wrong;
  }

  /** Ends at the first failing test. */
  async run(asked: Asked): Promise<Outcome> {
    const { seconds } = this.#whole.get(keyOf(asked)) ?? { seconds: 120 };
    return this.#vitest(asked, Math.max(least, patience * seconds));
  }

  /** Ends what runs, with all that it has started. */
  stop(): void {
    const pid = this.#child?.pid;
    if (pid === undefined) return;
    try {
      // Minus: the process and all of its group.
      process.kill(-pid, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
  }

  async #vitest({ test, named }: Asked, seconds: number): Promise<Outcome> {
    const report = join(this.#folder, '.tmp', 'report.json');
    rmSync(report, { force: true });
    const args = ['run', ...test, '--bail=1', '--reporter=json', `--outputFile=${report}`];
    if (named !== undefined) args.push('-t', named);
    const child = spawn(
      process.execPath,
      [join(this.#folder, 'node_modules', 'vitest', 'vitest.mjs'), ...args],
      // A group of its own, so that Ctrl-C in a terminal does not end it halfway by itself.
      {
        cwd: this.#folder,
        detached: true,
        stdio: 'ignore',
        env: { ...process.env, TMPDIR: join(this.#folder, '.tmp') },
      },
    );
    this.#child = child;
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      this.stop();
    }, 1000 * seconds);
    await new Promise((ended) => child.once('close', ended));
    clearTimeout(timer);
    this.stop();
    this.#child = null;
    if (late) return { verdict: 'timed out', by: `not done after ${Math.round(seconds)} s` };
    return verdictOf(read(report));
  }
}

const keyOf = ({ test, named }: Asked) => [...test, named].join('\n');

function read(path: string): Report | null {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Report;
  } catch {
    return null;
  }
}
