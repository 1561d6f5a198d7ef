/** The side of a worker: tasks come in, and answers, parts of them and reasons why there is none go out. */
import { ComputeError } from '#shared/compute';
import { AtlasError } from '#shared/errors';
import { LabError } from '../lab/failure.ts';
import type { Report } from './protocol.ts';
import { isOutOfMemory, outOfMemory, wordsOf } from './words.ts';

/** What a handler may say while it works. */
export interface Saying {
  progress(done: number, total: number, what?: string): void;
  /** A part of the answer, at once. */
  part(part: unknown): void;
}

type Handler = (asks: never, saying: Saying) => unknown;

const scope = self as unknown as DedicatedWorkerGlobalScope;

/**
 * Answers tasks one after another.
 * @param nameOf how messages call what is worked on
 */
export function answerTasks(handlers: Record<string, Handler>, nameOf: () => string): void {
  let turn: Promise<unknown> = Promise.resolve();
  scope.addEventListener('message', ({ data }: MessageEvent<{ id: number; type: string; asks: never }>) => {
    const { id, type, asks } = data;
    const say = (report: Report, transfer: Transferable[] = []) => scope.postMessage(report, transfer);
    const saying: Saying = {
      progress: (done, total, what) => say({ type: 'progress', id, done, total, what }),
      part: (part) => say({ type: 'part', id, part }),
    };
    turn = turn.then(async () => {
      try {
        const answer = await handlers[type](asks, saying);
        say({ type: 'answer', id, answer }, transferable(answer));
      } catch (error) {
        say({ type: 'failed', id, says: saysOf(error, nameOf()) });
      }
    });
  });
}

function saysOf(error: unknown, name: string): string {
  if (error instanceof ComputeError && isOutOfMemory(error.message)) return outOfMemory(name);
  return error instanceof AtlasError || error instanceof LabError ? error.message : wordsOf(error, name);
}

/** The memory of a graph is handed over, not copied. */
function transferable(answer: unknown): Transferable[] {
  const bytes = (answer as { bytes?: unknown } | undefined)?.bytes;
  return bytes instanceof Uint8Array ? [bytes.buffer] : [];
}
