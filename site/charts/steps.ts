import { number } from '../format.ts';
import type { Scale } from './kinds.ts';

/** A scale on which every value that occurs has the same room: for numbers that grow by factors. */
export function evenSteps(values: readonly number[], words: (value: number) => string = (value) => number(value)) {
  const steps = [...new Set(values)].sort((a, b) => a - b);
  const last = Math.max(1, steps.length - 1);
  const scale: Scale = {
    ...{ from: -0.15, to: last + 0.15 },
    ticks: steps.map((value, at) => ({ at, text: words(value) })),
  };
  return { steps, scale, at: (value: number) => steps.indexOf(value) };
}

/** From 0 to a round number that is no less than the largest. */
export function upTo(largest: number): Scale {
  const room = Math.max(largest, Number.MIN_VALUE);
  const power = 10 ** Math.floor(Math.log10(room));
  const step = [0.2, 0.5, 1, 2, 5].map((one) => one * power).find((one) => room / one <= 5) ?? 2 * power;
  const count = Math.ceil(room / step - 1e-9);
  return {
    ...{ from: 0, to: count * step },
    ticks: Array.from({ length: count + 1 }, (_, i) => ({ at: i * step, text: number(i * step, 4) })),
  };
}
