// What work in a thread tells the one that waits for it.
import { parentPort } from 'node:worker_threads';
import type { Reply } from './protocol.ts';

const say = (reply: Reply): void => parentPort?.postMessage(reply);

/** One line about what is going on. */
export const report = (text: string): void => say({ kind: 'progress', text });

/** From here on the work runs a model on the user's own photos: no deadline applies any more. */
export const nowRunning = (): void => say({ kind: 'running' });
