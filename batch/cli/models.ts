/** `atlas models list | show | fetch | add | prepare`: the zoo. (`inspect` has a file of its own.) */
import type { Command } from 'commander';
import { fetchModel, isFetched, listCards, loadCard, modelPath } from '../zoo/index.ts';
import { action, globalOptions } from './context.ts';
import { registerAdd } from './models-add.ts';
import { registerPrepare } from './models-prepare.ts';
import { megabytes, table } from './text.ts';

export function registerModels(program: Command): Command {
  const models = program
    .command('models')
    .helpCommand(false)
    .description('the zoo: model cards and the files behind them');
  registerList(models);
  registerShow(models);
  registerFetch(models);
  registerAdd(models);
  registerPrepare(models);
  return models;
}

function registerList(models: Command): void {
  globalOptions(models.command('list'))
    .description('the models of the zoo')
    .addHelpText('after', '\nExample:\n  atlas models list --json')
    .action(
      action(async (context) => {
        const cards = await listCards();
        context.emit(cards);
        if (context.json) return;
        const rows = await Promise.all(
          cards.map(async (card) => {
            const here = isFetched(await loadCard(card.id));
            const bytes = card.source.bytes;
            return [
              card.id,
              card.title,
              card.year ? String(card.year) : '',
              card.published ? card.published.top1.toFixed(1) : '',
              String(card.preprocessing.inputSize),
              bytes ? megabytes(bytes) : '',
              here ? 'here' : 'to fetch',
              card.edge ? 'edge' : '',
            ];
          }),
        );
        context.print(
          table(['id', 'title', 'year', 'top-1 %', 'input', 'size', 'file', 'runs on'], rows, { right: [3, 4, 5] }),
        );
      }),
    );
}

function registerShow(models: Command): void {
  globalOptions(models.command('show'))
    .description("one model's card")
    .argument('<id|card.json>', 'id of the zoo, or path of a card')
    .addHelpText('after', '\nExample:\n  atlas models show squeezenet1_1')
    .action(
      action(async (context, _options, id: string) => {
        const model = await loadCard(id);
        context.emit(model.card);
        context.print(JSON.stringify(model.card, null, 2));
        context.say(`Card: ${model.cardPath}\nFile: ${modelPath(model)}${isFetched(model) ? '' : ' (not there yet)'}`);
      }),
    );
}

function registerFetch(models: Command): void {
  globalOptions(models.command('fetch'))
    .description('download models into the cache, checked by size and SHA-256; a broken-off download is continued')
    .argument('<id|card.json...>', 'ids of the zoo, or paths of cards')
    .addHelpText(
      'after',
      '\nThe cache is ATLAS_CACHE, else perturbation-atlas in XDG_CACHE_HOME or ~/.cache.\n\nExample:\n  atlas models fetch googlenet resnet152-v1',
    )
    .action(
      action(async (context, _options, ids: string[]) => {
        const chosen = await Promise.all(ids.map((id) => loadCard(id)));
        const fetched: { id: string; file: string; sha256?: string; bytes?: number }[] = [];
        for (const model of chosen) {
          const { id, source } = model.card;
          const file = await fetchModel(model, {
            signal: context.signal,
            onProgress: ({ received, total }) =>
              context.progress(
                `${id}: ${megabytes(received)} of ${megabytes(total)} (${Math.floor((100 * received) / total)} %)`,
              ),
          });
          fetched.push({ id, file, sha256: source.sha256, bytes: source.bytes });
          context.print(`${id}: ${file}`);
        }
        context.emit(fetched);
      }),
    );
}
