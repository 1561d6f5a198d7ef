import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

/** A bare runtime, without decoding, HTTP or anything else around the network. */
export interface Peer {
  /**
   * Milliseconds from the start of the process's script to its first answer: loading the runtime, opening the session,
   * one inference.
   */
  cold: number;
  /** Runs one batch of canvases. */
  run(batch: number): Promise<{ milliseconds: number; cpu: number }>;
  close(): void;
}

/**
 * Starts onnxruntime-web ("web", one thread, as in workerd) or onnxruntime-node ("node", one thread) in a process of
 * its own.
 */
export async function startPeer(runtime: 'web' | 'node', model: string, size: number): Promise<Peer> {
  const child: ChildProcess = fork(new URL('peer-process.ts', import.meta.url), [runtime, model, String(size)], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const answer = async <T>(): Promise<T> => {
    const waiting = new AbortController();
    const { signal } = waiting;
    const ended = once(child, 'exit', { signal }).then(() => {
      throw new Error(`The process of onnxruntime-${runtime} has ended.`);
    });
    ended.catch(() => undefined);
    try {
      const [message] = await Promise.race([once(child, 'message', { signal }), ended]);
      return message as T;
    } finally {
      waiting.abort();
    }
  };
  const { cold } = await answer<{ cold: number }>();
  return {
    cold,
    run(batch) {
      child.send({ batch });
      return answer();
    },
    close: () => child.kill(),
  };
}
