import { startWorker } from '../../test/support/worker.ts';
import { type Asked, ask } from './client.ts';
import { median, printGoal, printTable, show } from './statistics.ts';

const STARTS = 3;

/**
 * The first request of a new Worker: workerd has started and read the script, and nothing else; the runtime, the
 * network, the codec, the release and the labels are all loaded by it.
 */
export async function coldStarts(options: {
  release: string;
  photo: Uint8Array<ArrayBuffer>;
  models: string[];
}): Promise<void> {
  const { release, photo, models } = options;
  const rows: string[][] = [];
  const firsts: number[] = [];
  for (const model of models) {
    const asked: Asked[] = [];
    for (let start = 0; start < STARTS; start++) {
      const worker = await startWorker({ release });
      try {
        asked.push(await ask(worker.url, photo, { model, perturbation: ['none'] }));
      } finally {
        await worker.dispose();
      }
    }
    const stage = (name: 'decode' | 'canvas' | 'session' | 'inference') =>
      show(median(asked.map(({ answer }) => answer.timings[name])), 0);
    const whole = median(asked.map(({ milliseconds }) => milliseconds));
    firsts.push(whole);
    rows.push([model, show(whole, 0), stage('decode'), stage('canvas'), stage('session'), stage('inference')]);
  }
  console.log(`\nfirst request of a new Worker, clean, milliseconds, median of ${STARTS}`);
  printTable(['', 'whole', 'decode', 'canvas', 'session', 'inference'], rows);
  printGoal(
    'cold at most 400 ms',
    firsts.map((ms) => show(ms, 0)).join(', '),
    firsts.every((ms) => ms <= 400),
  );
}
