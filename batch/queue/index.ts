/** Many machines: the jobs of a study on a queue (pg-boss on Postgres), their outputs in a store that all share. */
export { openQueue } from './boss.ts';
export { ownPlan } from './bundle.ts';
export { Cache } from './cache.ts';
export { follow } from './follow.ts';
export type { OwnPlan } from './own-plans.ts';
export { Patience } from './patience.ts';
export { announce } from './plans.ts';
export { type QueueEvent, QueueProgress } from './progress.ts';
export { MissingError, type QueuedRunOptions, runQueued } from './run.ts';
export { SharedStore } from './shared-store.ts';
export { type QueuedJob, type QueuedPlan, type QueueStatus, queueStatus } from './status.ts';
export { handedOutSteps, type WorkerOptions, workOnQueue } from './work.ts';
export { type WorkEvent, work } from './worker.ts';
