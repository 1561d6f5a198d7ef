/** What `atlas craft` and `atlas evaluate` read from their flags. */
import { InvalidArgumentError } from 'commander';
import { suggestion, UsageError } from '#shared/errors';
import { type Budget, budget as budgetSchema } from '#shared/release';
import { parseScale, type Scale } from '../arrays/index.ts';

export const canvasHelp =
  "side of the canvas (default: 224; with cards whose fit is exact, the size of their models' input)";
export const fitHelp =
  'how photos become canvases: crop resizes and crops them, exact takes only those of the size of the canvas, as they are (default: as the cards say, else crop)';

/** "key=value" pairs; values are JSON where they can be, and otherwise text. */
export function parseAssignments(pairs: readonly string[] = []): Record<string, unknown> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=');
      if (at < 1) throw new UsageError(`--set takes key=value, and "${pair}" is none. For example: --set batch=10.`);
      const text = pair.slice(at + 1);
      try {
        return [pair.slice(0, at), JSON.parse(text) as unknown];
      } catch {
        return [pair.slice(0, at), text];
      }
    }),
  );
}

const budgetKeys = budgetSchema.keyof().options;

/** "gradients=2000", "seconds=60" or "fooling=0.8"; several: whichever comes first. */
export function parseBudget(parts: readonly string[]): Budget {
  const budget: Budget = {};
  for (const part of parts) {
    const [key, text = ''] = part.split('=');
    const known = budgetKeys.find((name) => name === key);
    if (!known) {
      throw new UsageError(
        `--budget takes gradients=N, seconds=N or fooling=R, not "${part}".${suggestion(key, budgetKeys)}`,
      );
    }
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if (Number.isNaN(value)) throw new UsageError(`--budget ${known} takes a number, not "${text}".`);
    budget[known] = value;
  }
  return budget;
}

/** A bound or budget in the words of --budget. */
export const budgetText = (budget: Budget) =>
  Object.entries(budget)
    .map(([key, value]) => `${key}=${value}`)
    .join(', ');

/** Parser of a positive number. */
export function positive(text: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (!(Number.isFinite(value) && value > 0)) throw new InvalidArgumentError('It must be a number above 0.');
  return value;
}

export const percent = (ratio: number) => `${(100 * ratio).toFixed(1)} %`;

/** Parser of --scale. */
export function scaleOption(text: string): Scale {
  try {
    return parseScale(text);
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
}
