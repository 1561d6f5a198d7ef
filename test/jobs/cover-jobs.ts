/**
 * Run by code.test.ts as a process of its own, with NODE_V8_COVERAGE: does every job of a study, one after the other,
 * and prints for each, as a line of JSON, its step, its id and the coverage files of the time in which it ran.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { takeCoverage } from 'node:v8';
import { type Job, JobStore, type Machine, type Output } from '../../batch/jobs/index.ts';
import { withJobs } from '../../batch/jobs/job.ts';
import { loadStudy } from '../../batch/studies/load.ts';
import { findPhotos } from '../../batch/studies/photos.ts';
import { plan, sourcesOf } from '../../batch/studies/plan.ts';

const [studyFile, out] = process.argv.slice(2);
const coverage = process.env.NODE_V8_COVERAGE as string;
const study = await loadStudy(studyFile);
const photos = await findPhotos(study.photos, join(out, 'photos.json'), { keep: true });
const sources = await sourcesOf(study.models);
const { jobs } = plan(study, { photos, provider: 'cpu', sources, release: join(out, 'release') });
/** A thread that a job ended writes its coverage on its way out: waits until nothing more comes. */
async function quiet(): Promise<void> {
  for (let before = -1, now = readdirSync(coverage).length; before !== now; ) {
    await setTimeout(250);
    before = now;
    now = readdirSync(coverage).length;
  }
}

const store = new JobStore(join(out, 'jobs'));
await store.clean({ fresh: true });
const machine: Machine = { options: { provider: 'cpu', workers: 1 } };
const outputs = new Map<Job, Output>();
for (const [i, job] of jobs.entries()) {
  const inputs = withJobs(job.inputs, (need) => outputs.get(need)) as object;
  takeCoverage();
  const before = new Set(readdirSync(coverage));
  const started = performance.now();
  const done = await job.run({ machine, report: () => {} }, inputs, null);
  // A thread writes its coverage when it ends.
  await (await machine.compute)?.close();
  machine.compute = undefined;
  takeCoverage();
  await quiet();
  const files = readdirSync(coverage).filter((name) => !before.has(name));
  console.log(JSON.stringify({ step: job.step, id: job.id, code: job.code, files }));
  const address = { key: String(i), content: String(i), code: '', inputs: null };
  outputs.set(job, await store.save(job, address, done, performance.now() - started));
}
