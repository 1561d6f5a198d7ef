/** House beside its rivals, photo by photo: all tuned alike where tuning has been done, else with their defaults. */
import { pairedTest } from '#shared/metrics';
import { cardOf, type Lab, mean, overSeeds, percents, printTable } from './lab.ts';
import { spaces, tuned } from './tune.ts';

export async function compare(lab: Lab): Promise<void> {
  const { options, crafting, evaluation } = lab;
  const settingsOf = await tuned(lab);
  const rows: string[][] = [];
  for (const model of options.models) {
    const card = cardOf(lab, model);
    const run = (attack: string) => {
      const settings = settingsOf?.[attack] ?? {};
      const budget = { gradients: options.gradients };
      return overSeeds(lab, { attack, settings, surrogates: [card], crafting, budget }, card);
    };
    const house = await run('house');
    rows.push([model, 'house', percents(house.ratios), '', '']);
    for (const attack of Object.keys(spaces)) {
      if (attack === 'house') continue;
      const rival = await run(attack);
      const points = 100 * (mean(house.ratios) - mean(rival.ratios));
      // The same photos twice, so that only those count that one of the two fools; every seed is a test of its own.
      const chances = house.cells.map(({ hits }, seed) => pairedTest(hits, rival.cells[seed].hits));
      rows.push([
        ...[model, attack, percents(rival.ratios)],
        ...[points.toFixed(1), chances.map((p) => (p < 0.001 ? '< 0.001' : p.toFixed(3))).join(', ')],
      ]);
    }
  }
  printTable(
    `${settingsOf ? `Tuned alike (${options.tries} tries each)` : 'Defaults, not tuned'}: fooling ratio in % of ${evaluation.indices.length} photos, ${options.seeds.length} seeds, ${options.gradients} gradients; exact McNemar test of house against each, seed by seed`,
    ['model', 'attack', 'fooling %', 'points behind house', 'p by seed'],
    rows,
  );
}
