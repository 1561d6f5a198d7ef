/** Studies: from a study file to a plan of jobs, and running it to a release. */
export { type DryRun, dryRun, type PlannedJob } from './dry-run.ts';
export type { LoadedStudy } from './load.ts';
export {
  type RunOptions,
  runFindings,
  runStudy,
  type Said,
  type StudyEvent,
  type StudyOptions,
  type StudyResult,
} from './run.ts';
