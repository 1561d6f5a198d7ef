// How fast gradients are, and how much memory they take. Run: npm run bench:gradients -- [--torch <python>] [--only
// throughput,memory,large] [id|card.json ...]
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { large } from './gradients/large.ts';
import { memory } from './gradients/memory.ts';
import { throughput } from './gradients/throughput.ts';

const help = `Usage: npm run bench:gradients -- [options] [id|card.json ...]

  throughput  images a second of loss, logits and input gradient for each model (default: the starter models), and the cost in forward passes
  memory      of one session at batch 1, 8 and 32, and whether it stays flat
  large       time and memory to read, prepare, differentiate and write a model of 500 MB

  --torch <python>   a Python with torch and onnx: runs the same models in PyTorch, in turns with ours, and prints the ratios
  --only <parts>     some of throughput,memory,large (default: all)
  --seconds <n>      of each measurement (default: 4)
  --rounds <n>       measurements of each, in turns; the median counts (default: 5)
  --runs <n>         of the memory test (default: 500)
  --workers <n>      threads (default: one for each processor)

Example: npm run bench:gradients -- --torch /tmp/peers-env/bin/python --only throughput squeezenet1_1`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    torch: { type: 'string' },
    only: { type: 'string', default: 'throughput,memory,large' },
    seconds: { type: 'string', default: '4' },
    rounds: { type: 'string', default: '5' },
    runs: { type: 'string', default: '500' },
    workers: { type: 'string', default: String(availableParallelism()) },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(help);
  process.exit(0);
}
const starters = ['squeezenet1_1', 'efficientnet_lite0', 'efficientnet_lite1', 'efficientnet_lite2'];
const parts = new Set(values.only.split(','));
if (parts.has('throughput')) {
  await throughput({
    models: positionals.length > 0 ? positionals : starters,
    python: values.torch,
    seconds: Number(values.seconds),
    rounds: Number(values.rounds),
    workers: Number(values.workers),
  });
}
if (parts.has('memory')) await memory(positionals[0] ?? 'squeezenet1_1', Number(values.runs));
if (parts.has('large')) await large();
