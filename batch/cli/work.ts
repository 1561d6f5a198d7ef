/** `atlas work`: a worker that does jobs of studies which `atlas run --queue` hands out. */
import type { Command } from 'commander';
import { suggestion, UsageError } from '#shared/errors';
import { handedOutSteps, type WorkEvent, workOnQueue } from '../queue/index.ts';
import { action, type Context, globalOptions } from './context.ts';
import { bytes, queueOption, seconds, storeOption } from './queue-options.ts';

interface Options {
  queue: string;
  store: string;
  only?: string;
  idle?: number;
  cache?: string;
  cacheSize: number;
}

export function registerWork(program: Command): void {
  storeOption(queueOption(globalOptions(program.command('work'))))
    .description('do jobs that `atlas run --queue` hands out, until stopped')
    .option('--only <steps>', `steps to do, with commas between them: ${handedOutSteps.join(', ')} (default: all)`)
    .option('--idle <time>', 'end after so long without a job, e.g. 10m (default: never)', seconds)
    .option('--cache <dir>', "folder for what jobs need (default: one of its own in the user's cache)")
    .option('--cache-size <size>', 'how much of it stays there from job to job, e.g. 50GB', bytes, 20e9)
    .addHelpText(
      'after',
      '\nExample:\n  atlas work --queue postgres://atlas@db.example.org/atlas --store s3://bucket/prefix --provider cuda --idle 10m\n\nCtrl-C saves what the job has so far, and gives it back; Ctrl-C again stops at once, and the job is given to another worker within a minute.',
    )
    .action(
      action(async (context, { only, idle, cacheSize, ...options }: Options) => {
        const { provider, workers, signal } = context;
        const done = await workOnQueue({
          ...options,
          ...{ provider, workers, signal, cacheBytes: cacheSize, idleSeconds: idle },
          only: only === undefined ? undefined : stepsOf(only),
          onEvent: teller(context),
        });
        context.emit({ event: 'done', stage: 'done', job: null, done });
        context.print(`${done} jobs done.`);
      }),
    );
}

function stepsOf(text: string): string[] {
  const steps = text.split(',').map((step) => step.trim());
  for (const step of steps) {
    if (handedOutSteps.includes(step)) continue;
    throw new UsageError(
      `"${step}" is no step that workers do.${suggestion(step, handedOutSteps)} They do ${handedOutSteps.join(', ')}; the rest is done by \`atlas run\`, where the study's files are.`,
    );
  }
  return steps;
}

/** Milliseconds between two progress events of --json. */
const EVENT_INTERVAL = 1000;

function teller(context: Context): (event: WorkEvent) => void {
  let last = 0;
  return (event) => {
    if (event.event === 'progress') {
      const { stage, job, item } = event;
      context.progress(`${stage} ${job}  ${item.done}/${item.total} ${item.unit}`);
      if (performance.now() - last < EVENT_INTERVAL) return;
      last = performance.now();
    }
    context.emit(event);
    if (event.event === 'notice') context.say(event.text);
    if (event.event === 'job' && !event.resumed)
      context.say(`${event.study}: ${event.stage} ${event.job} in ${event.seconds.toFixed(1)} s`);
    if (event.event === 'failed')
      context.say(`${event.study}: ${event.stage} ${event.job} failed, attempt ${event.attempt}: ${event.error}`);
  };
}
