/**
 * Decodes, perturbs and classifies, apart from the page's thread. Of several tasks of a kind that wait only the newest
 * is done; the others are never answered.
 */
import { Lineup, patternOf } from '#shared/identify';
import { predictionsOf } from '#shared/metrics';
import { download, onProgress } from '../runtime/download.ts';
import { remember } from '../runtime/remember.ts';
import { during, LabError } from './failure.ts';
import { logitsOf, open } from './network.ts';
import { amplifiedOf, canvasOf, compose, perturbationOf } from './pictures.ts';
import type { Perturbed, Report, Task } from './protocol.ts';

const scope = self as unknown as DedicatedWorkerGlobalScope;
const report = (message: Report, transfer: Transferable[] = []) => scope.postMessage(message, transfer);

onProgress((loaded, total) => report({ type: 'progress', loaded, total }));

const labelsOf = remember(
  async (url: string) => JSON.parse(new TextDecoder().decode(await download(url))) as string[],
  8,
);

const newest = { draw: 0, read: 0, load: 0, see: 0, identify: 0 };
let turn: Promise<void> = Promise.resolve();
/** The clean photo's labels do not change with the strength. */
let lastClean: { key: string; logits: Float32Array } | null = null;

scope.addEventListener('message', ({ data: task }: MessageEvent<Task>) => {
  newest[task.type] = task.id;
  doing(task).catch((error: unknown) => {
    const { stage, message } = error instanceof LabError ? error : new LabError('network', undefined, error);
    report({ type: 'failed', id: task.id, stage, says: message });
  });
});

async function doing(task: Task): Promise<void> {
  if (task.type === 'draw') await draw(task);
  else if (task.type === 'read') await read(task);
  else if (task.type === 'load') await load(task);
  else if (task.type === 'see') await see(task);
  else await identify(task);
}

/** The clean canvas and the perturbation. */
const partsOf = ({ size, fit, photo, perturbation }: Perturbed) =>
  Promise.all([
    during('photo', canvasOf(`${size} ${fit} ${photo}`)),
    during('pattern', perturbationOf(perturbation)),
  ] as const);

async function draw(task: Extract<Task, { type: 'draw' }>) {
  const [clean, v] = await partsOf(task);
  if (task.id !== newest.draw) return;
  const { picture } = compose(clean, v, task.strength, task.size);
  report({ type: 'drawn', id: task.id, picture }, [picture.clean.buffer, picture.perturbed.buffer]);
}

/** Photo, pattern, network and labels; the network's download runs beside the photo's. */
async function all(task: Extract<Task, { type: 'read' | 'load' }>) {
  const { url, bytes, labels } = task.model;
  const opening = during('network', Promise.all([open(url, bytes), labelsOf(labels)]));
  opening.catch(() => {});
  return [await partsOf(task), await opening] as const;
}

async function load(task: Extract<Task, { type: 'load' }>) {
  await all(task);
  report({ type: 'loaded', id: task.id });
}

/** What a camera sees, with the pattern on it: the picture and both readings, of one moment. */
async function see({ id, frame, model, perturbation, strength, size, top }: Extract<Task, { type: 'see' }>) {
  const opening = during('network', Promise.all([open(model.url, model.bytes), labelsOf(model.labels)]));
  opening.catch(() => {});
  const v = await during('pattern', perturbationOf(perturbation));
  const [session, labels] = await opening;
  const plane = size * size;
  const clean = Float32Array.from({ length: 3 * plane }, (_, i) => frame[4 * (i % plane) + Math.floor(i / plane)]);
  const { perturbed, picture } = compose(clean, v, strength, size);
  const started = performance.now();
  const [before, after] = (await during('network', logitsOf(session, [clean, perturbed], size))) as Float32Array[];
  const milliseconds = performance.now() - started;
  const named = (values: Float32Array) => predictionsOf(values, labels, top);
  report({ type: 'seen', id, picture, clean: named(before), perturbed: named(after), milliseconds });
}

async function identify({ id, photo, size, patterns }: Extract<Task, { type: 'identify' }>) {
  // It may be a canvas that was saved: then its pixels are taken as they are.
  const canvas = await during('photo', canvasOf(`${size} near ${photo}`));
  const lineup = new Lineup(canvas, size);
  for (const pattern of patterns) {
    const v = await during('pattern', amplifiedOf(pattern.preview));
    // The visitor has asked about another photograph.
    if (id !== newest.identify) return;
    lineup.try(
      pattern.id,
      patternOf(
        v.map((value) => (value * pattern.linf) / 127),
        size,
      ),
    );
  }
  report({ type: 'identified', id, matches: lineup.matches(), tried: patterns.length });
}

async function read(task: Extract<Task, { type: 'read' }>) {
  const { model, size, top } = task;
  const [[clean, v], [session, labels]] = await all(task);
  const previous = turn;
  turn = (async () => {
    await previous.catch(() => {});
    // Lets messages in, so that a slider on the move is followed and not recited.
    await new Promise((resolve) => setTimeout(resolve));
    if (task.id !== newest.read) return;
    const logits = async (canvas: Float32Array) =>
      (await during('network', logitsOf(session, [canvas], size))) as Float32Array[];
    const key = `${model.url} ${size} ${task.fit} ${task.photo}`;
    const before = lastClean?.key === key ? lastClean.logits : (await logits(clean))[0];
    lastClean = { key, logits: before };
    const started = performance.now();
    const [after] = await logits(compose(clean, v, task.strength, size).perturbed);
    const milliseconds = performance.now() - started;
    const named = (values: Float32Array) => predictionsOf(values, labels, top);
    report({ type: 'read', id: task.id, clean: named(before), perturbed: named(after), milliseconds });
  })();
  await turn;
}
