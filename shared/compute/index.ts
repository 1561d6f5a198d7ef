/** What runs models, without a runtime: what may be asked, how it becomes runs of a graph, and how sums are made. */
export { ComputeError, computeOn, type Runner } from './compute.ts';
export type { Item, Job, JobResult, PixelRule, Pixels, Program, Table } from './jobs.ts';
export { type Feed, jobDoer, type RunGraph } from './run-job.ts';
export { Sessions } from './sessions.ts';
export type { ClassGradientsTask, Compute, GradientTask, LogitsTask } from './tasks.ts';
