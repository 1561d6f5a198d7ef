/** What the main thread and the worker threads say to each other. No code, only shapes. */
import type { Compute, Job, JobResult } from '#shared/compute';

export type Request =
  | { kind: 'job'; id: number; job: Job }
  | { kind: 'release'; id: number; key: string | null }
  | { kind: 'close' };

export type Reply =
  | { kind: 'ready' }
  | { kind: 'done'; id: number; result: JobResult }
  | { kind: 'released'; id: number }
  | { kind: 'failed'; id: number; message: string };

export interface WorkerSettings {
  /** Name of the execution provider for onnxruntime. */
  provider: string;
  /** Which kind of gradient graphs it runs. */
  profile: Compute['profile'];
  /** How many sessions a thread keeps before it lets the one go that was not used for longest. */
  sessions: number;
}
