/** `atlas gradients check`: gradients of every kind of loss against finite differences. */
import type { Command } from 'commander';
import { inChild } from '../children/index.ts';
import { loadPhotos } from '../photos/index.ts';
import { type CheckWork, checkWork, type LossCheck, zooFolder } from '../zoo/index.ts';
import { action, endWith, globalOptions, integer } from './context.ts';
import { table } from './text.ts';

interface CheckOptions {
  photos: string[];
  directions: number;
  canvas: number;
  seed: number;
}

/** Photos that are averaged over: kinks of single photos weigh less, and the check still takes seconds. */
const photosChecked = 4;

/**
 * The relative error up to which a gradient counts as that of the finite differences. Kinks of Relu and float32's
 * rounding make 0.003 to 0.015 of the starter's models; what a wrong rule, or a lost path, makes is mostly tenths.
 */
const tolerance = 0.05;

interface Checked {
  losses: LossCheck[];
  /** Of the photos. */
  count: number;
}

export function registerCheck(gradients: Command): void {
  globalOptions(gradients.command('check'), { seed: true })
    .description('compare gradients of every kind of loss on photos with finite differences along random directions')
    .argument('<id|card.json|file.onnx>', 'a model of the zoo, a card, or a prepared model')
    .option('--photos <dir...>', 'folders of photos', [`${zooFolder}starter/photos`])
    .option('--directions <n>', 'directions to compare along', integer({ min: 1, max: 1000 }), 4)
    .option('--canvas <pixels>', 'side of the canvas', integer({ min: 8, max: 1024 }), 224)
    .addHelpText(
      'after',
      `\nExit status: 0 where all agree, to a relative error of ${tolerance}; 1 where one does not.\n\nExample:\n  atlas gradients check squeezenet1_1 --directions 8`,
    )
    .action(
      action(async (context, { photos, directions, canvas, seed }: CheckOptions, name: string) => {
        const about = { what: `The model ${name}`, signal: context.signal, onProgress: context.progress };
        const { losses, count } = await inChild<CheckWork, Checked>(checkWork, about, async (work) => {
          const side = await work.sideOf(name, canvas);
          let chosen = 0;
          // The first ones: decoding the rest of a large folder would take longer than the check.
          const only = () => chosen++ < photosChecked;
          const set = await loadPhotos(photos, { canvas: side, signal: context.signal, only });
          const at = { pixels: Float32Array.from(set.pixels), dims: [set.names.length, 3, side, side] };
          return { losses: await work.check(name, at, directions, seed), count: set.names.length };
        });
        const relativeError = Math.max(...losses.map((loss) => loss.relativeError));
        const agree = relativeError <= tolerance;
        context.emit({ relativeError, agree, tolerance, directions, loss: losses[0].mean, losses });
        context.print(
          table(
            ['loss', 'relative error', 'mean'],
            losses.map((loss) => [loss.name, loss.relativeError.toExponential(2), loss.mean.toFixed(4)]),
            { right: [1, 2] },
          ),
        );
        context.print(`Along ${directions} direction${directions === 1 ? '' : 's'} on ${count} photos.`);
        const largest = `the largest relative error is ${relativeError.toExponential(2)}, and ${tolerance} is allowed`;
        context.print(`Gradients and finite differences ${agree ? 'agree' : 'do not agree'}: ${largest}.`);
        if (!agree) endWith(1);
      }),
    );
}
