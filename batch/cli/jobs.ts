/** `atlas jobs`: what waits on a queue, what runs and where, and what failed and why. */
import type { Command } from 'commander';
import { UsageError } from '#shared/errors';
import { type QueuedJob, type QueuedPlan, queueStatus } from '../queue/index.ts';
import { action, globalOptions } from './context.ts';
import { queueOption } from './queue-options.ts';
import { clock, table } from './text.ts';

interface Options {
  queue: string;
  study?: string;
  failed?: boolean;
  retry?: boolean;
}

/** Of what waits, more than anybody reads is counted. */
const mostWaiting = 20;

export function registerJobs(program: Command): void {
  queueOption(globalOptions(program.command('jobs')))
    .description(
      'what waits on a queue, what runs, where and how far, what failed and why, and how long the rest takes',
    )
    .option('--study <id>', 'only the jobs of this study')
    .option('--failed', 'only failed jobs, with their errors in full')
    .option('--retry', 'have failed jobs tried again')
    .addHelpText(
      'after',
      '\nExamples:\n  atlas jobs --queue postgres://atlas@db.example.org/atlas\n  atlas jobs --queue postgres://atlas@db.example.org/atlas --failed --retry',
    )
    .action(
      action(async (context, options: Options) => {
        const status = await queueStatus(options);
        if (options.study !== undefined && status.plans.length === 0) {
          throw new UsageError(
            `No study ${options.study} is on the queue: it was never handed out there, or all of it is done. Leave --study out to see all.`,
          );
        }
        context.emit(status);
        const again = status.retried > 0 ? [`${status.retried} failed jobs wait again.`] : [];
        context.print(
          [...status.plans.map(describePlan), ...describeJobs(status.jobs, options), ...again].join('\n\n'),
        );
      }),
    );
}

function describePlan({ study, plan, provider, jobs, secondsLeft, ...counts }: QueuedPlan): string {
  const { done, running, waiting, failed, later } = counts;
  const left = secondsLeft === null ? '' : `, about ${clock(secondsLeft)} left`;
  return `${study} (plan ${plan}, on ${provider}): ${done} of ${jobs} jobs done, ${running} running, ${waiting} waiting, ${later} for others, ${failed} failed${left}.`;
}

function describeJobs(jobs: readonly QueuedJob[], { failed }: Options): string[] {
  if (jobs.length === 0) return [failed ? 'No job failed.' : 'Nothing waits or runs.'];
  const running = jobs.filter(({ state }) => state !== 'waiting');
  const waiting = jobs.filter(({ state }) => state === 'waiting');
  const rows = [...running, ...waiting.slice(0, mostWaiting)].map((job) => [
    ...[job.study, job.step, job.id, job.state],
    job.share === null ? '' : `${(100 * job.share).toFixed(0)} %`,
    ...[job.worker ?? '', job.since.slice(0, 19).replace('T', ' '), job.error ?? ''],
  ]);
  const more = waiting.length > mostWaiting ? [`${waiting.length - mostWaiting} more are waiting.`] : [];
  return [table(['study', 'step', 'job', '', 'done', 'worker', 'since (UTC)', 'error'], rows), ...more];
}
