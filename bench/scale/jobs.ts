/** Jobs that do nothing, or sleep: what is measured is what they cost beside that. */
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { CodeReader, defineStep, type Job, noWork } from '../../batch/jobs/index.ts';
import { type OwnPlan, ownPlan } from '../../batch/queue/index.ts';

/** As much as a measurement of 5,000 photos leaves behind. */
const bytes = 40_000;

const sleepStep = defineStep<{ number: number; run: string; milliseconds: number }, { value: number }>({
  name: 'sleep',
  source: import.meta.url,
  result: z.object({ value: z.number() }),
  async run(_context, { number, milliseconds }) {
    if (milliseconds > 0) await pause(milliseconds);
    const content = new Uint8Array(bytes);
    // Its own, as every measurement's.
    new DataView(content.buffer).setUint32(0, number);
    return { result: { value: number }, files: { 'content.bin': content } };
  },
});

/** @param run Tells the jobs of one measurement from those of another. */
export async function sleepers(count: number, milliseconds: number, run: string): Promise<OwnPlan> {
  const jobs = Array.from({ length: count }, (_, number) =>
    sleepStep({ id: String(number), inputs: { number, run, milliseconds }, work: { ...noWork, photos: 1 } }),
  );
  return ownPlan(jobs as Job[], await CodeReader.open());
}
