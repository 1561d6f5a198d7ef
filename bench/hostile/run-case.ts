// One hostile case through the real command line, under limits.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface HostileCase {
  name: string;
  /** By paths relative to the case's folder. */
  files: Record<string, Uint8Array>;
  /** Arguments of `atlas`, which runs in the folder. */
  command(folder: string): string[];
  /**
   * Whether the command goes on to run what it was given in onnxruntime, which takes as long as a sound graph asks for:
   * beyond the limit it then has to heed Ctrl-C.
   */
  runs?: boolean;
}

export interface Limits {
  seconds: number;
  /** Of memory, of all processes together. */
  bytes: number;
  /** Milliseconds after which Ctrl-C is sent; null for never. */
  interruptAfter: number | null;
}

export interface Outcome {
  name: string;
  status: string;
  seconds: number;
  /** The most memory that was seen; 0 where it cannot be read. */
  bytes: number;
  /** What is wrong, if anything. */
  fault: string | null;
  output: string;
}

const launcher = fileURLToPath(new URL('../../bin/atlas.mjs', import.meta.url));
/** A stack trace, a crash of V8, a program that blames itself, escape sequences for the terminal. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is looked for
const never = /^\s+at .+:\d+:\d+\)?$|node:internal|FATAL ERROR|Native stack|fault of the Atlas itself|\u001b/m;

/** Seconds in which Ctrl-C has to end a command: threads in the middle of native code are waited for two. */
const answer = 4;

/** Runs a case in a folder of its own, deep in a box whose other places must stay as they are. */
export async function runCase({ name, files, command, runs = false }: HostileCase, limits: Limits): Promise<Outcome> {
  const box = mkdtempSync(join(tmpdir(), 'atlas-hostile-'));
  const folder = join(box, 'a', 'b', 'c', 'case');
  const home = join(box, 'home');
  for (const path of [folder, home]) mkdirSync(path, { recursive: true });
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  const before = placesOutside(box, folder);
  try {
    const child = spawn(process.execPath, [launcher, ...command(folder)], {
      cwd: folder,
      env: { ...process.env, HOME: home, TMPDIR: home, ATLAS_CACHE: join(home, 'cache') },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const { code, signal, seconds, bytes, output, exceeded, interrupted } = await watch(child, limits, runs);
    const outside = placesOutside(box, folder).filter((path) => !before.includes(path));
    // Before the program listens, Ctrl-C itself ends it.
    const isInterrupted = interrupted !== null && (code === 130 || signal === 'SIGINT');
    const fault =
      exceeded ??
      (signal && !isInterrupted ? `ended by ${signal}` : null) ??
      (never.test(output) ? 'a trace, an escape sequence, or a fault of its own' : null) ??
      (outside.length > 0 ? `wrote outside of its folder: ${outside.join(', ')}` : null) ??
      (isInterrupted || allowed(code, output) ? null : `exit ${code}`);
    return { name, status: signal ?? String(code), seconds, bytes, fault, output };
  } finally {
    rmSync(box, { recursive: true, force: true });
  }
}

/** A command that fails says so; and `gradients check` answers with 1 where gradients are not right. */
const allowed = (code: number | null, output: string): boolean =>
  code === 0 || code === 2 || (code === 1 && /^atlas: |^Gradients and finite differences do not agree/m.test(output));

async function watch(child: ChildProcess, { seconds, bytes, interruptAfter }: Limits, runs: boolean) {
  const started = performance.now();
  const elapsed = () => (performance.now() - started) / 1000;
  let exceeded: string | null = null;
  let interrupted: number | null = null;
  let most = 0;
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => {
      if (output.length < 1_000_000) output += text;
    });
  const kill = (why: string) => {
    exceeded ??= why;
    send(child, 'SIGKILL');
  };
  const interrupt = () => {
    interrupted = elapsed();
    send(child, 'SIGINT');
  };
  const polls = setInterval(() => {
    most = Math.max(most, memoryOf(child.pid as number));
    if (most > bytes) kill(`more than ${bytes / 1e9} GB of memory`);
    if (interrupted !== null && elapsed() > interrupted + answer) kill(`no answer to Ctrl-C within ${answer} s`);
    else if (interrupted === null && elapsed() > seconds) {
      if (runs) interrupt();
      else kill(`longer than ${seconds} s`);
    }
  }, 50);
  const timer = interruptAfter === null ? undefined : setTimeout(interrupt, interruptAfter);
  const ended = await new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) =>
    child.on('close', (code, signal) => resolve({ code, signal })),
  );
  clearInterval(polls);
  clearTimeout(timer);
  return { ...ended, seconds: elapsed(), bytes: most, output, exceeded, interrupted };
}

/** To the whole group, as a terminal does. */
function send(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    process.kill(-(child.pid as number), signal);
  } catch {
    // It has ended by itself.
  }
}

/** Bytes that a process and its children hold, on Linux; elsewhere 0: there only the time is limited. */
function memoryOf(pid: number): number {
  try {
    const resident = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
    return children.split(' ').reduce((sum, child) => sum + (child ? memoryOf(Number(child)) : 0), resident);
  } catch {
    return 0;
  }
}

/** What onnxruntime writes into the home folder of whoever opens a session, sound model or not. */
const ofTheRuntime = /^home[/\\](\.ses$|mat-debug-\d+\.log$|\.cache$|\.cache[/\\]Microsoft\b)/;

const placesOutside = (box: string, folder: string): string[] =>
  readdirSync(box, { recursive: true, encoding: 'utf8' }).filter(
    (path) => !join(box, path).startsWith(folder) && !ofTheRuntime.test(path),
  );
