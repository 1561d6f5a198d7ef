/** What is said of a pattern that was looked for on a picture: text alone. */
import type { Identified } from './protocol.ts';

const thousands = ['million', 'billion', 'trillion'] as const;

/** "fewer than one in a billion", of a chance below a millionth. */
function rarely(p: number): string {
  const steps = Math.min(thousands.length, Math.floor((-Math.log10(p) + 1e-9) / 3) - 1);
  return `fewer than one in a ${thousands[Math.max(0, steps - 1)]}`;
}

const pixels = (count: number) => `${count} ${count === 1 ? 'pixel' : 'pixels'}`;

function moved({ x, y }: { x: number; y: number }): string {
  const parts = [
    ...(x === 0 ? [] : [`${pixels(Math.abs(x))} to the ${x > 0 ? 'right' : 'left'}`]),
    ...(y === 0 ? [] : [`${pixels(Math.abs(y))} ${y > 0 ? 'down' : 'up'}`]),
  ];
  return parts.length > 0 ? `, moved ${parts.join(' and ')}` : '';
}

/**
 * @param name of the pattern that is named, "Plate 3"; left out where none is
 * @returns the plate, or that there is none, and the rest of the sentences
 */
export function identifiedWords({ matches, tried }: Identified, name?: string): { what: string; rest: string } {
  const [best] = matches;
  if (name === undefined || !best?.named) {
    const often = best ? Math.round(100 * best.p) : 100;
    const chance =
      often === 0
        ? 'fewer than one in 200 pictures without any would look as much like one of them, which is too many to name it'
        : often >= 99
          ? 'any picture without one looks as much like one of them'
          : `${often}\u202f% of pictures without any look as much like one of them`;
    const all = tried === 1 ? 'The plate is not on this picture' : `None of the ${tried} plates is on this picture`;
    return { what: `${all}, as far as can be told`, rest: `: ${chance}.` };
  }
  const { strength, error, shift, p } = best;
  return {
    what: `${name} is on this picture`,
    rest:
      `, ${strength < 0 ? 'with its sign turned, ' : ''}at ${Math.abs(strength).toFixed(2)} ± ${error.toFixed(2)} of its strength${moved(shift)}. ` +
      `By chance, ${rarely(p)} pictures without any would look as much like one of them.`,
  };
}
