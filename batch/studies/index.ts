/** Studies: from a study file to a plan of jobs, and running it to a release. */
export type { Step } from './code.ts';
export type { StudyEvent } from './events.ts';
export type { LoadedStudy } from './load.ts';
export type { Plan, PlannedPerturbation } from './plan.ts';
export { type RunOptions, runStudy, type StudyResult } from './run.ts';
