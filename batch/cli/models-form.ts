/** What `models inspect` and `models add` are told of a file where it does not say it itself. */
import { InvalidArgumentError } from 'commander';

export const sizeHelp = "side of the model's input, or height x width as in 240x320 (default: as the graph says)";
export const outputHelp =
  'which output has the class scores (default: the one that has as many as there are classes, or is called logits)';

const most = 4096;

/** "224", or "240x320": height, then width. */
export function size(text: string): { height: number; width: number } {
  const [height, width = height, ...rest] = text.split('x').map((part) => (/^\d+$/.test(part) ? Number(part) : 0));
  if (rest.length > 0 || ![height, width].every((side) => side >= 1 && side <= most))
    throw new InvalidArgumentError(`It must be a whole number from 1 to ${most}, or two of them, as in 240x320.`);
  return { height, width };
}
