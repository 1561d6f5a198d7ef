// A thread of the child: ends it, whatever it is doing, once the process that waits for it is gone.
import { workerData } from 'node:worker_threads';

setInterval(() => {
  if (process.ppid !== workerData) process.kill(process.pid, 'SIGKILL');
}, 1000);
