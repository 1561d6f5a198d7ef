/**
 * Decodes, perturbs and classifies, apart from the page's thread. Of several tasks that wait for the network only the
 * newest is run.
 */
import { predictionsOf } from '#shared/metrics';
import { download, onProgress } from './download.ts';
import { logitsOf, open } from './network.ts';
import { canvasOf, compose, perturbationOf } from './pictures.ts';
import type { Report, Task } from './protocol.ts';
import { remember } from './remember.ts';

const scope = self as unknown as DedicatedWorkerGlobalScope;
const report = (message: Report, transfer: Transferable[] = []) => scope.postMessage(message, transfer);

onProgress((loaded, total) => report({ type: 'progress', loaded, total }));

const labelsOf = remember(
  async (url: string) => JSON.parse(new TextDecoder().decode(await download(url))) as string[],
  8,
);

let newest = 0;
let turn: Promise<void> = Promise.resolve();
/** The clean photo's labels do not change with the strength. */
let lastClean: { key: string; logits: Float32Array } | null = null;

scope.addEventListener('message', ({ data: task }: MessageEvent<Task>) => {
  newest = Math.max(newest, task.id);
  work(task).catch((error: unknown) =>
    report({ type: 'failed', id: task.id, message: error instanceof Error ? error.message : String(error) }),
  );
});

async function work(task: Task) {
  // Starts the model's download beside the photo's.
  const opening = task.model && Promise.all([open(task.model.url, task.model.bytes), labelsOf(task.model.labels)]);
  opening?.catch(() => {});
  const [clean, v] = await Promise.all([
    canvasOf(`${task.size} ${task.fit} ${task.photo}`),
    perturbationOf(task.perturbation),
  ]);
  if (task.id !== newest) return;
  const { perturbed, pixels, linf, psnr } = compose(clean, v, task.strength, task.size);
  report({ type: 'pixels', id: task.id, ...pixels, linf, psnr }, [pixels.clean.buffer, pixels.perturbed.buffer]);
  if (!opening) return;
  const [session, labels] = await opening;
  const previous = turn;
  turn = (async () => {
    await previous.catch(() => {});
    // Lets messages in, so that a slider on the move is followed and not recited.
    await new Promise((resolve) => setTimeout(resolve));
    if (task.id !== newest) return;
    const key = `${task.model?.url} ${task.photo}`;
    let cleanLogits = lastClean?.key === key ? lastClean.logits : null;
    cleanLogits ??= (await logitsOf(session, [clean], task.size))[0];
    lastClean = { key, logits: cleanLogits };
    const started = performance.now();
    const [logits] = await logitsOf(session, [perturbed], task.size);
    const milliseconds = performance.now() - started;
    const read = (values: Float32Array) => predictionsOf(values, labels, task.top);
    report({ type: 'labels', id: task.id, clean: read(cleanLogits), perturbed: read(logits), milliseconds });
  })();
  await turn;
}
