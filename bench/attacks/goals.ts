/** The goals of the library, each with what was reached. */
import { attacks } from '#shared/attacks';
import type { Photos } from './cells.ts';
import { cardOf, type Lab, mean, overSeeds, percents, printTable, type Seeds, seconds } from './lab.ts';
import { type Loop, loopOf } from './peers.ts';
import { photosFor, rowsOf } from './table.ts';

export async function goals(lab: Lab): Promise<void> {
  const { options } = lab;
  const rows: string[][] = [];
  for (const model of options.models) {
    const card = cardOf(lab, model);
    const run = async (attack: string, gradients: number, settings = {}, given?: Photos) => {
      const crafting = given ?? (await photosFor(lab, attack, settings));
      return overSeeds(lab, { attack, settings, surrogates: [card], crafting, budget: { gradients } }, card);
    };
    const short = await run('house', options.gradients);
    rows.push([model, `house, ${options.gradients} gradients`, percents(short.ratios), seconds(short.cells), '']);

    const pick = lab.crafting.indices.length;
    const free = await run('house', options.gradients, { pick }, await lab.synthetic(4));
    const share = mean(free.ratios) / mean(short.ratios);
    rows.push([
      ...[model, 'house without photos', percents(free.ratios), seconds(free.cells)],
      `${(100 * share).toFixed(0)} % of what it reaches with them; goal 90 %: ${verdict(share >= 0.9)}`,
    ]);

    let best = { name: 'none', ratio: 0 };
    for (const [name, attack, settings] of rowsOf(lab)) {
      if (attack === 'house' || attacks.get(attack)?.usesModel === false) continue;
      const { ratios } = await run(attack, options.gradients, settings);
      if (mean(ratios) > best.ratio) best = { name, ratio: mean(ratios) };
    }
    rows.push([
      model,
      `best other attack: ${best.name}`,
      percents([best.ratio]),
      '',
      ahead(short.ratios, [best.ratio]),
    ]);

    const againstLoop = async (ours: Seeds, gradients: number) => {
      // The allocator changes seconds alone: one seed of the short budget says how many.
      for (const allocator of gradients === options.gradients ? [true, false] : [true]) {
        const seeds = allocator ? options.seeds : options.seeds.slice(0, 1);
        const loop = await loopOf(lab, card, gradients, { allocator, seeds });
        if (!loop) continue;
        const time = mean(ours.cells.map((cell) => cell.seconds)) / mean(loop.seconds);
        rows.push([
          ...[model, `PyTorch loop, ${gradients} gradients${allocator ? ', allocator set' : ''}`],
          ...[percents(loop.ratios), mean(loop.seconds).toFixed(0)],
          `${ahead(ours.ratios, loop.ratios)}; house takes ${time.toFixed(2)} of its time`,
        ]);
      }
    };
    await againstLoop(short, options.gradients);
    if (options.long > 0) {
      const long = await run('house', options.long);
      rows.push([model, `house, ${options.long} gradients`, percents(long.ratios), seconds(long.cells), '']);
      await againstLoop(long, options.long);
    }
  }
  printTable('Goals', ['model', 'what', 'fooling %', 's', 'against'], rows);
}

const verdict = (reached: boolean) => (reached ? 'reached' : 'NOT reached');

function ahead(ours: number[], theirs: Loop['ratios']): string {
  const points = 100 * (mean(ours) - mean(theirs));
  return `house is ${points.toFixed(1)} points ahead; goal 2: ${verdict(points >= 2)}`;
}
