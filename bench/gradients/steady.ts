// A process of its own for memory.ts, so that its memory is that of one session and nothing else.
import { readFileSync } from 'node:fs';
import { openOnce } from '../../batch/compute/index.ts';

const [file, ...numbers] = process.argv.slice(2);
const [batch, size, runs] = numbers.map(Number);
const session = await openOnce(new Uint8Array(readFileSync(file)));
const canvas = Float32Array.from({ length: batch * 3 * size * size }, (_, i) => (i * 7919) % 256);
const inputs: Parameters<typeof session.run>[0] = {
  canvas: { type: 'float32', data: canvas, dims: [batch, 3, size, size] },
  labels: { type: 'int64', data: new BigInt64Array(batch), dims: [batch] },
};
let early = 0;
for (let run = 1; run <= runs; run++) {
  await session.run(inputs);
  if (run === Math.ceil(runs / 10)) early = process.memoryUsage.rss();
}
process.send?.({ early, late: process.memoryUsage.rss(), peak: 1024 * process.resourceUsage().maxRSS });
process.disconnect();
process.exit();
