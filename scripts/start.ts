/**
 * `npm start`: the Atlas from the starter study, end to end. Crafts and measures (what is done already is not done
 * again), verifies the release, then serves site and API until it is stopped.
 */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import { whenStarterIsGone } from '../bin/starter.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const release = '.atlas/starter/release';
const began = performance.now();
let running: ReturnType<typeof spawn> | undefined;
let interrupted: NodeJS.Signals | undefined;

// A terminal's Ctrl-C reaches the command as well; a signal sent to this process alone has to be handed on.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => end(signal));
whenStarterIsGone(() => end('SIGTERM'));
// A terminal that is gone takes no more lines; that is no reason to end in another way.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

function end(signal: NodeJS.Signals): void {
  interrupted ??= signal;
  running?.kill(signal);
}

/** Runs one command of the command line as a user would, with its own progress. Ends this process where it fails. */
async function atlas(stage: string, args: string[]): Promise<void> {
  const started = performance.now();
  console.log(`\n${stage}: atlas ${args.join(' ')}`);
  running = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', 'batch/cli/main.ts', ...args], {
    cwd: root,
    // The channel carries nothing; that it closes tells the command that this process is gone.
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  });
  const code = await new Promise<number>((done) => {
    running!.on('error', (error) => {
      console.error(error.message);
      done(1);
    });
    running!.on('close', (status) => done(status ?? 1));
  });
  if (interrupted) process.exit(128 + constants.signals[interrupted]);
  if (code !== 0) {
    console.error('\nnpm start stopped. Once the cause above is mended, npm start again goes on from there.');
    process.exit(code);
  }
  console.log(`${stage}: done in ${seconds(started)}, ${seconds(began)} since the start`);
}

const seconds = (since: number) => `${((performance.now() - since) / 1000).toFixed(1)} s`;

console.log('The Perturbation Atlas: craft on the starter models, measure, build a release, serve it on this machine.');
console.log('Ctrl-C stops it at any moment; npm start again goes on where it stopped.');
await atlas('1 of 3, crafting and measuring', ['run', 'studies/starter.json']);
await atlas('2 of 3, verifying the release', ['verify', release]);
await atlas('3 of 3, serving', ['serve', '--release', release]);
