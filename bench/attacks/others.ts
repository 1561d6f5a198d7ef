/** Starter photos, transfer and saturation. */
import { splitPhotos } from '#shared/photos';
import { loadPhotos } from '../../batch/photos/index.ts';
import type { Photos } from './cells.ts';
import { cardOf, type Lab, overSeeds, percents, printTable, seconds } from './lab.ts';

/**
 * The starter models on the starter photos, which are few: what augmentation and synthetic images beside the photos are
 * worth.
 */
export async function starter(lab: Lab): Promise<void> {
  const models = ['squeezenet1_1', 'efficientnet_lite0'];
  const set = await loadPhotos(['starter', 'synthetic:120'], { canvas: 224 });
  const isDrawn = (index: number) => /-\d{6}$/.test(set.names[index]);
  const own = set.names.map((_, index) => index).filter((index) => !isDrawn(index));
  const split = splitPhotos(
    own.map((index) => set.names[index]),
    set.groups,
  );
  const crafting: Photos = { name: 'starter crafting', set, indices: split.crafting.map((place) => own[place]) };
  const evaluation: Photos = { name: 'starter evaluation', set, indices: split.evaluation.map((place) => own[place]) };
  const drawn = set.names.map((_, index) => index).filter(isDrawn);
  const beside: Photos = { name: 'with synthetic', set, indices: [...crafting.indices, ...drawn] };
  const recipes: [string, string, Record<string, unknown>, Photos][] = [
    ['noise', 'noise', {}, crafting],
    ['cosine-uap, photos as they are', 'cosine-uap', { shift: 0 }, crafting],
    ['cosine-uap', 'cosine-uap', {}, crafting],
    ['house, photos as they are', 'house', { shift: 0, zoom: 0 }, crafting],
    ['house', 'house', {}, crafting],
    ['house, 120 synthetic pictures beside the photos', 'house', {}, beside],
  ];
  const rows: string[][] = [];
  for (const [name, attack, settings, photos] of recipes) {
    const row = [name];
    for (const model of models) {
      const recipe = {
        attack,
        settings,
        surrogates: [model],
        crafting: photos,
        budget: { gradients: lab.options.gradients },
      };
      const { ratios, cells } = await overSeeds(lab, recipe, model, evaluation);
      const shown = cells.flatMap(({ crafting: ratio }) => (ratio === null ? [] : [ratio]));
      row.push(percents(ratios), shown.length > 0 ? percents(shown) : '', seconds(cells));
    }
    rows.push(row);
  }
  printTable(
    `Starter models: crafted on ${crafting.indices.length} starter photos, measured on ${evaluation.indices.length} others, ${lab.options.gradients} gradients`,
    ['', ...models.flatMap((model) => [model, 'on the crafting photos', 's'])],
    rows,
  );
}

/** Every model left out in turn: perturbations of the others, one by one and together. */
export async function transfer(lab: Lab): Promise<void> {
  const { options, crafting } = lab;
  const rows: string[][] = [];
  for (const target of options.models) {
    const card = cardOf(lab, target);
    const others = options.models.filter((model) => model !== target);
    const budget = { gradients: options.gradients };
    const add = async (name: string, models: string[], settings = {}, attack = 'house') => {
      const surrogates = models.map((model) => cardOf(lab, model));
      const { ratios } = await overSeeds(lab, { attack, settings, surrogates, crafting, budget }, card);
      rows.push([target, name, percents(ratios)]);
    };
    await add('noise', others.slice(0, 1), {}, 'noise');
    for (const model of others) await add(model, [model]);
    await add(`${others.join(' + ')}, mean loss`, others, { ensemble: 'loss' });
    await add(`${others.join(' + ')}, mean logits`, others, { ensemble: 'logits' });
  }
  printTable(
    `Transfer of house to a target left out, ${options.gradients} gradients in all`,
    ['target', 'crafted on', 'fooling %'],
    rows,
  );
}

/** How many photos it takes: one for every tenth class, one for every fifth, and so on up to all. */
export async function saturation(lab: Lab): Promise<void> {
  const { options, crafting } = lab;
  const rows: string[][] = [];
  const counts = [25, 50, 100, crafting.indices.length];
  for (const model of options.models) {
    const card = cardOf(lab, model);
    const row = [model];
    for (const count of counts) {
      // Classes lie in the order of the names: every n-th photo is a photo of every n-th class.
      const indices = Array.from(
        { length: count },
        (_, i) => crafting.indices[Math.floor((i * crafting.indices.length) / count)],
      );
      const some: Photos = { name: `${count} photos`, set: crafting.set, indices };
      const recipe = { attack: 'house', surrogates: [card], crafting: some, budget: { gradients: options.gradients } };
      row.push(percents((await overSeeds(lab, recipe, card)).ratios));
    }
    rows.push(row);
  }
  printTable(
    `Saturation of house: fooling ratio by the number of crafting photos, at most one of a class, ${options.gradients} gradients`,
    ['model', ...counts.map((count) => `${count} photos`)],
    rows,
  );
}
