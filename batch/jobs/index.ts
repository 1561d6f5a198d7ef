/** Jobs as data: what makes them, how they are known again, where their outputs lie, and the one runner. */
export { CodeReader } from './code.ts';
export { currentCommit } from './commit.ts';
export {
  defineStep,
  type Item,
  inOrder,
  Job,
  type JobCheckpoints,
  type JobContext,
  noWork,
  type Output,
  type Outputs,
  type Work,
} from './job.ts';
export { lockFolder } from './lock.ts';
export { closeMachine, computeOf, type Machine } from './machine.ts';
export { type JobEvent, Progress } from './progress.ts';
export { addressOf, doJob, keysOf, runJobs } from './runner.ts';
export { Speeds } from './speeds.ts';
export { hashOf, JobStore, jobRecord, outputName } from './store.ts';
