/** `atlas run`: from a study file to a release. */
import { relative } from 'node:path';
import type { Command } from 'commander';
import { UsageError } from '#shared/errors';
import { MissingError, type QueueEvent, runQueued } from '../queue/index.ts';
import { type DryRun, dryRun, runStudy, type Said, type StudyEvent } from '../studies/index.ts';
import { action, type Context, globalOptions } from './context.ts';
import { transferMatrix } from './matrix.ts';
import { type QueueOptions, queueOptions } from './queue-options.ts';
import { clock, table } from './text.ts';

interface Options extends Partial<QueueOptions> {
  out?: string;
  fresh?: boolean;
  dryRun?: boolean;
}

export function registerRun(program: Command): void {
  queueOptions(globalOptions(program.command('run')))
    .description('run a study: craft, measure, build its release. What is there already is not done again')
    .argument('<study.json>', 'study file; see studies/')
    .option('--out <dir>', 'folder of jobs and release (default: .atlas/<id of the study>)')
    .option('--fresh', 'do everything again')
    .option('--resume', 'go on from what is there (the default)')
    .option('--dry-run', 'only say which jobs there are, which of them are done, and how much is left to do')
    .addHelpText(
      'after',
      '\nExamples:\n  atlas run studies/starter.json\n  atlas run studies/starter.json --dry-run\n  atlas run studies/starter.json --queue postgres://atlas@db.example.org/atlas --store s3://bucket/prefix\n\nInterrupted or killed, the same command goes on from where it was; at most the job in flight is lost.',
    )
    .action(
      action(async (context, options: Options, study: string) => {
        const { provider, workers, signal } = context;
        const { queue, store } = options;
        if ((queue === undefined) !== (store === undefined)) {
          throw new UsageError(
            `--queue and --store go together: one hands jobs out, the other holds what becomes of them. Give --${queue ? 'store' : 'queue'} too, or neither.`,
          );
        }
        if (options.dryRun) {
          const found = await dryRun({ study, ...options, provider, workers });
          context.emit(found);
          context.print(describePlan(found));
          return;
        }
        const all = { study, ...options, provider, workers, signal, onEvent: reporter(context) };
        if (queue !== undefined && options.fresh) {
          throw new UsageError(
            '--fresh does everything again that is done on this machine, and with --queue others have a part in it. Give another --store instead, in which nothing is done yet.',
          );
        }
        const result =
          queue !== undefined && store !== undefined
            ? await runQueued({ ...all, queue, store }).catch((error) => tellMissing(context, error))
            : await runStudy(all);
        const { total, resumed } = result.jobs;
        context.print(
          `${transferMatrix(result.transfer)}\n\n${sentences(result.findings)}${total} jobs, ${resumed} of them done before, ${result.seconds.toFixed(1)} s. Release ${result.version}: ${here(result.release)}`,
        );
      }),
    );
}

/** Which jobs there is no output of, and why. */
function tellMissing(context: Context, error: unknown): never {
  if (error instanceof MissingError) {
    const { missing } = error;
    context.emit({ event: 'missing', missing });
    const rows = missing.map(({ step, id, why, worker = '' }) => [step, id, why, worker]);
    context.print(table(['step', 'job', 'why there is none', 'worker'], rows));
  }
  throw error;
}

/** What findings show, a line each, for those that say it in one. */
export function sentences(findings: readonly Said[]): string {
  const said = findings.filter(({ says }) => says !== null);
  const widest = Math.max(...said.map(({ name }) => name.length));
  const lines = said.map(({ name, says }) => `${name.padEnd(widest)}  ${says}`);
  return said.length === 0 ? '' : `${lines.join('\n')}\n\n`;
}

/** Every job, and the sum of what is left. */
function describePlan({ jobs, gradients, forwards, seconds, atMost, provider }: DryRun): string {
  const left = jobs.filter(({ done }) => !done);
  const lines = table(
    ['step', 'job', 'key', ''],
    jobs.map(({ step, id, key, done }) => [step, id, key, done ? 'done' : 'to do']),
  );
  if (left.length === 0) return `${lines}\n\nAll ${jobs.length} jobs are done: there is nothing to do.`;
  const most = atMost ? 'at most ' : '';
  const time = seconds === null ? 'unknown' : `${most}${clock(seconds)}`;
  return [
    lines,
    '',
    `${left.length} of ${jobs.length} jobs to do: ${most}${gradients} gradients and ${forwards} forward passes on ${provider}.`,
    `Time that this machine would take: ${time}${seconds === null ? ', since it has not done all of this before' : ''}.`,
  ].join('\n');
}

/** A path as short as it can be said from here. */
export function here(path: string): string {
  const short = relative('', path);
  return short === '' ? '.' : short.startsWith('..') ? path : short;
}

/** Milliseconds between two progress events of --json. */
const EVENT_INTERVAL = 1000;

/** Tells a run's events: to scripts as they are, to people as one line. */
export function reporter(context: Context): (event: StudyEvent | QueueEvent) => void {
  let last = 0;
  return (event) => {
    const now = performance.now();
    if (event.event !== 'progress') context.emit(event);
    else if (now - last >= EVENT_INTERVAL) {
      last = now;
      context.emit(event);
    }
    if (event.event === 'notice') context.say(event.text);
    if (event.event === 'failed') context.say(`${event.stage} ${event.job} failed: ${event.error}`);
    if (event.event === 'progress') context.progress(progressLine(event));
    if (event.event === 'job' && !event.resumed && event.stage === 'craft') {
      const fooling = event.fooling === null ? '' : `, fools ${percent(event.fooling)} of the crafting photos`;
      const where = 'worker' in event && event.worker ? ` on ${event.worker}` : '';
      context.say(`Crafted ${event.job} in ${event.seconds.toFixed(1)} s${where}${fooling}`);
    }
  };
}

function progressLine({
  stage,
  job,
  done,
  total,
  item,
  secondsLeft,
  atMost,
  fooling,
}: StudyEvent & { event: 'progress' }): string {
  return [
    `${stage} ${done + 1}/${total}`,
    job === stage ? '' : job,
    item.unit === 'seconds' ? `${item.done.toFixed(0)}/${item.total} s` : `${item.done}/${item.total}`,
    // A budget in seconds is used up as gradients are. Of a job on another machine it is not known.
    item.perSecond === 0
      ? ''
      : `${item.perSecond < 10 ? item.perSecond.toFixed(1) : item.perSecond.toFixed(0)} ${item.unit === 'seconds' ? 'gradients' : item.unit}/s`,
    fooling === null ? '' : `labels changed ${percent(fooling)}`,
    secondsLeft === null ? '' : `${atMost ? 'at most ' : ''}${clock(secondsLeft)} left`,
  ]
    .filter(Boolean)
    .join('  ');
}

const percent = (ratio: number) => `${(100 * ratio).toFixed(0)} %`;
