import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { differentiate, readModel, withCrossEntropy, writeModel } from '#shared/graph';
import { loadCard, prepareModel } from '../../batch/zoo/index.ts';

const size = 224;

/**
 * Prints the memory of a process that takes gradients of one model, at several batches, after a tenth of the runs and
 * after all.
 */
export async function memory(id: string, runs: number): Promise<void> {
  console.log(`Memory of one session of ${id}, canvas ${size}, ${runs} runs`);
  const folder = mkdtempSync(join(tmpdir(), 'atlas-bench-'));
  try {
    const prepared = await prepareModel(await loadCard(id), size);
    const file = join(folder, 'gradient.onnx');
    writeFileSync(
      file,
      writeModel(differentiate(withCrossEntropy(readModel(prepared.bytes)), { of: 'loss', wrt: 'canvas' })),
    );
    for (const batch of [1, 8, 32]) {
      const child = fork(new URL('./steady.ts', import.meta.url), [file, String(batch), String(size), String(runs)]);
      const [{ early, late, peak }] = await once(child, 'message');
      const mib = (bytes: number) => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
      const growth = late / early;
      console.log(
        `  batch ${String(batch).padStart(2)}: ${mib(early)} after ${runs / 10} runs, ${mib(late)} after ${runs}, ratio ${growth.toFixed(2)}: ${growth < 1.05 ? 'flat' : 'grows'}; peak ${mib(peak)}`,
      );
    }
    console.log();
  } finally {
    rmSync(folder, { recursive: true });
  }
}
