// A process of its own for large.ts, so that its memory is that of the work and nothing else.
import { readFileSync, writeFileSync } from 'node:fs';
import { differentiate, prepare, readModel, withCrossEntropy, writeModel } from '#shared/graph';

const [from, to] = process.argv.slice(2);
const started = performance.now();
const { buffer, byteOffset, byteLength } = readFileSync(from);
const prepared = prepare(readModel(new Uint8Array(buffer, byteOffset, byteLength)), {
  inputSize: 224,
  canvas: 224,
  mean: [103.939, 116.779, 123.68],
  std: [1, 1, 1],
  channelOrder: 'BGR',
  layout: 'NCHW',
  range: 255,
});
writeFileSync(to, writeModel(differentiate(withCrossEntropy(prepared), { of: 'loss', wrt: 'canvas' })));
process.send?.({ seconds: (performance.now() - started) / 1000, peak: 1024 * process.resourceUsage().maxRSS });
process.disconnect();
