/** `atlas models prepare`: any classifier as ONNX from canvas to logits. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { writeAtomic } from '../files/index.ts';
import { loadCard, prepareModel } from '../zoo/index.ts';
import { action, globalOptions, integer } from './context.ts';
import { megabytes } from './text.ts';

export function registerPrepare(models: Command): void {
  globalOptions(models.command('prepare'))
    .description('write a model as a prepared graph: canvas [N,3,S,S] in 0..255 in, logits [N,K] out, any N')
    .argument('<id|card.json>', 'id of the zoo, or path of a card')
    .requiredOption('--out <file.onnx>', 'file to write')
    .option('--canvas <pixels>', 'side of the canvas', integer({ min: 8, max: 1024 }), 224)
    .addHelpText('after', '\nExample:\n  atlas models prepare squeezenet1_1 --out squeezenet-prepared.onnx')
    .action(
      action(async (context, options: { out: string; canvas: number }, id: string) => {
        const model = await loadCard(id);
        context.progress(`Preparing ${model.card.id}`);
        const { bytes, sha256 } = await prepareModel(model, options.canvas, context.signal);
        const file = resolve(options.out);
        await writeAtomic(file, bytes);
        context.emit({ file, sha256, bytes: bytes.byteLength });
        context.print(`${file}: ${megabytes(bytes.byteLength)}, SHA-256 ${sha256}`);
      }),
    );
}
