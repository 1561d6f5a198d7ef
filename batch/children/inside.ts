// What work in a child tells the one that waits for it. The same work may be called in any other process: there it
// tells nobody.
import type { Reply } from './protocol.ts';

let say: (reply: Reply) => void = () => {};

/** Called once, by the child's entry. */
export function connect(send: (reply: Reply) => void): void {
  say = send;
}

/** One line about what is going on. */
export const report = (text: string): void => say({ kind: 'progress', text });

/** From here on the work runs a model on the user's own photos: no deadline applies any more. */
export const nowRunning = (): void => say({ kind: 'running' });
