import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** PyTorch running the same model in a process of its own. */
export interface TorchPeer {
  name: string;
  imagesPerSecond(seconds: number): Promise<number>;
  close(): Promise<void>;
}

/**
 * With these, glibc keeps the big buffers that PyTorch frees after every step, which nearly doubles its speed on a CPU.
 */
const tunedAllocator = {
  MALLOC_MMAP_MAX_: '0',
  MALLOC_TRIM_THRESHOLD_: '8000000000',
  MALLOC_TOP_PAD_: '268435456',
};

const script = new URL('../peers/torch_gradients.py', import.meta.url).pathname;

/** One peer for each layout of memory, as PyTorch comes and with its allocator tuned. */
export async function torchPeers(
  python: string,
  model: string,
  { size, threads }: { size: number; threads: number },
): Promise<TorchPeer[]> {
  const peers: TorchPeer[] = [];
  for (const layout of ['nchw', 'channels_last'])
    for (const tuned of [false, true])
      peers.push(
        await start(`${layout}${tuned ? ', tuned allocator' : ''}`, python, tuned ? tunedAllocator : {}, [
          ...['--model', model, '--layout', layout, '--batch', '32'],
          ...['--threads', String(threads), '--size', String(size)],
        ]),
      );
  return peers;
}

async function start(
  name: string,
  python: string,
  environment: Record<string, string>,
  args: string[],
): Promise<TorchPeer> {
  const child = spawn(python, [script, ...args], {
    env: { ...process.env, ...environment },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async (): Promise<Record<string, number>> => {
    const { value, done } = await lines.next();
    if (done)
      throw new Error(`${python} ${script} ended without an answer. What it needs is in bench/peers/README.md.`);
    return JSON.parse(value);
  };
  await answer();
  return {
    name,
    async imagesPerSecond(seconds) {
      child.stdin.write(`${JSON.stringify({ seconds })}\n`);
      const done = await answer();
      return done.images / done.seconds;
    },
    async close() {
      const ended = once(child, 'exit');
      child.stdin.end();
      await ended;
    },
  };
}
