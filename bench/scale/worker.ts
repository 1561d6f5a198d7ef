/**
 * A worker of the benchmark, in a process of its own. Arguments: address of the queue, of the store, its cache, and
 * which jobs: their count, their milliseconds and the name of the measurement. Prints when each job was done, in
 * milliseconds since 1970, and at the end the most memory that it had.
 */
import { CodeReader } from '../../batch/jobs/index.ts';
import { Cache, openQueue, Patience, SharedStore, work } from '../../batch/queue/index.ts';
import { sleepers } from './jobs.ts';

const [address, storeAddress, folder, count, milliseconds, run] = process.argv.slice(2);
const own = await sleepers(Number(count), Number(milliseconds), run);
const queue = await openQueue(address);
const store = SharedStore.open(storeAddress);
const ending = new AbortController();
process.on('SIGTERM', () => ending.abort());
console.log('ready');
await work({
  ...{ queue, store, codes: await CodeReader.open(), name: `bench ${process.pid}`, signal: ending.signal },
  cache: await Cache.open(folder, 1e9, store),
  patience: new Patience(console.error, ending.signal),
  planned: async (of) => {
    if (of.plan === own.plan) return own;
    throw ending.signal.reason ?? new Error('The queue has another plan than the benchmark.');
  },
  machineFor: () => ({ options: { provider: 'cpu' } }),
  onEvent: ({ event }) => event === 'job' && console.log(Date.now()),
});
await queue.close();
console.log(`memory ${process.resourceUsage().maxRSS * 1024}`);
