/** What `atlas craft` and `atlas evaluate` read from their flags. */
import { InvalidArgumentError } from 'commander';
import type { Budget, ModelCard, Norm } from '#shared/release';
import { suggestion, UsageError } from '../errors/index.ts';
import { splitPhotos } from '../photos/index.ts';

export const halves = ['crafting', 'evaluation'] as const;
export type Half = (typeof halves)[number];

/** Which files belong to a half, by the hash of their names; every file without one. */
export function inHalf(half: Half | undefined): ((file: string) => boolean) | undefined {
  return half && ((file) => splitPhotos([file])[half].length > 0);
}

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

const budgetKeys = ['gradients', 'seconds', 'fooling'] as const;

/** "gradients=2000", "seconds=60" or "fooling=0.8"; several: whichever comes first. */
export function parseBudget(parts: readonly string[]): Budget {
  const budget: Budget = {};
  for (const part of parts) {
    const [key, text = ''] = part.split('=');
    const value = text.trim() === '' ? Number.NaN : Number(text);
    const known = budgetKeys.find((name) => name === key);
    if (!known) {
      throw new UsageError(
        `--budget takes gradients=N, seconds=N or fooling=R, not "${part}".${suggestion(key, budgetKeys)}`,
      );
    }
    const right =
      known === 'gradients'
        ? Number.isSafeInteger(value) && value > 0
        : value > 0 && (known === 'seconds' || value <= 1);
    if (!right) {
      const wanted = {
        gradients: 'a whole number above 0',
        seconds: 'a number above 0',
        fooling: 'a share above 0 and at most 1, such as 0.8',
      };
      throw new UsageError(`--budget ${known} takes ${wanted[known]}, not "${text}".`);
    }
    budget[known] = value;
  }
  return budget;
}

export const usualEpsilon: Record<Norm, number> = { inf: 10, '2': 2000 };

/** Checks epsilon against the units that it must be in. */
export function checkEpsilon(epsilon: number, norm: Norm): void {
  if (epsilon < 1) {
    const meant = norm === 'inf' && epsilon * 255 >= 1 ? Math.round(epsilon * 255) : usualEpsilon[norm];
    throw new UsageError(
      `--epsilon ${epsilon} is too small to survive rounding to whole pixel values: epsilon is in units of 0..255. Did you mean ${meant}?`,
    );
  }
  const most = norm === 'inf' ? 255 : 1e6;
  if (epsilon > most) {
    throw new UsageError(
      `--epsilon ${epsilon} is larger than any picture under norm ${norm}. The usual bound is ${usualEpsilon[norm]}.`,
    );
  }
  if (norm === '2' && epsilon < 100) {
    throw new UsageError(
      `--epsilon ${epsilon} under norm 2 is the length of all of v, and spread over a picture it vanishes in rounding. Did you mean ${usualEpsilon['2']}, or --norm inf?`,
    );
  }
}

/** @throws UsageError when a model has no class of that index. */
export function checkTarget(target: unknown, { id, classes }: ModelCard): void {
  if (typeof target === 'number' && target >= classes) {
    throw new UsageError(
      `The target ${target} is no class of ${id}, which has the classes 0 to ${classes - 1}. Choose one of these; \`atlas models show ${id}\` says where their names are.`,
    );
  }
}

/** Parser of a positive number. */
export function positive(text: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (!(Number.isFinite(value) && value > 0)) throw new InvalidArgumentError('It must be a number above 0.');
  return value;
}

export const percent = (ratio: number) => `${(100 * ratio).toFixed(1)} %`;
