// The child: calls the functions of one module, one after the other.
import { Worker } from 'node:worker_threads';
import { connect } from './inside.ts';
import type { Call, Reply } from './protocol.ts';

const send = process.send?.bind(process);
if (!send) throw new Error('batch/children/entry.ts is the entry of a child process and cannot be run by itself.');

// When this process is busy it does not hear that nobody waits for it any more.
new Worker(new URL('./orphan.ts', import.meta.url), { workerData: process.ppid, execArgv: [] }).unref();
process.once('disconnect', () => process.exit());

const reply = (it: Reply) => send(it);
connect(reply);

const module: Promise<Record<string, (...args: unknown[]) => unknown>> = import(process.argv[2]);

/** Errors that say what is wrong with the input: for whoever waits they are one kind. */
const badInput = ['UsageError', 'GraphError', 'FormatError', 'ImageError'];

process.on('message', async ({ name, args }: Call) => {
  try {
    reply({ kind: 'done', result: await (await module)[name](...args) });
  } catch (error) {
    const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
    const kind = badInput.includes(name) ? 'UsageError' : name;
    reply({ kind: 'failed', error: { name: kind, message, stack } });
  }
});
