/** Seconds until a network is fooled on 60 % of held-out photos, in wasm with two threads. */
import { craftIn } from '../../test/support/craft.ts';
import { type Bench, openPage, printTable } from './bench.ts';

const GOAL = { fooling: 0.6, seconds: 60 };

export async function fooled(bench: Bench): Promise<void> {
  const [model] = bench.models;
  const rows: string[][] = [];
  for (const gradients of bench.budgets) {
    const page = await openPage(bench);
    const order = { ...bench.orderFor(model), budget: { gradients }, runtime: { kind: 'wasm', threads: 2 } as const };
    const { reports } = await craftIn(page, bench.craftWorker, order);
    await page.context().close();
    const crafted = reports.find(({ report }) => report.type === 'crafted');
    const measured = reports.flatMap(({ report }) => (report.type === 'measured' ? [report.measured] : []))[0];
    const { fooling, noise, p } = measured;
    const seconds = (crafted?.at ?? 0) / 1000;
    const isReached = fooling.ratio >= GOAL.fooling && seconds <= GOAL.seconds;
    rows.push([
      ...[String(gradients), seconds.toFixed(0), `${fooling.fooled} of ${fooling.photos}`],
      `${(100 * fooling.ratio).toFixed(1)} (${(100 * fooling.low).toFixed(1)} to ${(100 * fooling.high).toFixed(1)})`,
      ...[(100 * noise.ratio).toFixed(1), p < 0.001 ? '< 0.001' : p.toFixed(3), isReached ? 'yes' : 'no'],
    ]);
  }
  printTable(
    `${model} from the order to the pattern, wasm with 2 threads; goal: ${100 * GOAL.fooling} % in ${GOAL.seconds} s`,
    ['gradients', 's', 'held-out photos', 'fooling %', 'noise %', 'p against noise', 'goal'],
    rows,
  );
}
