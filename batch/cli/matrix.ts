import { givenAttack, type TransferRow } from '#shared/release';
import { table } from './text.ts';

const WIDTH = 80;

/**
 * Fooling ratios for a terminal: a row for each perturbation, a column for each target, the noise of the same bound as
 * the last row. One table for each attack and bound. Where the names of the targets do not fit into 80 columns they are
 * numbered, and where the numbers do not either, the table goes on below.
 *
 * @param rows Noise that is a perturbation of its own is left out: it is the last row of each table already.
 */
export function transferMatrix(rows: TransferRow[]): string {
  const crafted = rows.filter(({ surrogate }) => surrogate !== 'none');
  const groups = Map.groupBy(
    crafted.length > 0 ? crafted : rows,
    ({ attack, norm, epsilon }) => `${attack}, ${norm === 'inf' ? 'l-inf' : 'l2'} ${epsilon}`,
  );
  return [...groups].map(([title, group]) => matrixOf(title, group)).join('\n\n');
}

function matrixOf(title: string, rows: TransferRow[]): string {
  const targets = [...new Set(rows.map(({ target }) => target))];
  const seeds = new Set(rows.map(({ seed }) => seed));
  const nameOf = ({ perturbation, surrogate, attack, seed }: TransferRow) =>
    attack === givenAttack ? perturbation : seeds.size > 1 ? `${surrogate} s${seed}` : surrogate;
  const lines = Map.groupBy(rows, nameOf);
  const { photos } = rows[0];
  const widest = rows.reduce((most, { low, high }) => Math.max(most, (high - low) / 2), 0);
  const cells = [...lines].map(([name, line]) => ({
    name,
    ratios: targets.map((target) => line.find((row) => row.target === target)?.ratio ?? Number.NaN),
  }));
  const noise = {
    name: 'noise',
    ratios: targets.map((target) => mean(rows.filter((row) => row.target === target).map((row) => row.noise))),
  };
  const foot = `Of ${photos} evaluation photos each; 95 % intervals are within ±${widest.toFixed(2)}.`;
  return [
    `Fooling ratio, ${title}: crafted on (down), tried on (across)`,
    ...blocks(targets, [...cells, noise]),
    foot,
  ].join('\n');
}

function blocks(targets: string[], lines: { name: string; ratios: number[] }[]): string[] {
  const draw = (heads: string[], from: number) =>
    table(
      ['', ...heads],
      lines.map(({ name, ratios }) => [
        name,
        ...ratios.slice(from, from + heads.length).map((ratio) => ratio.toFixed(2)),
      ]),
      { right: heads.map((_, column) => column + 1) },
    );
  const named = draw(targets, 0);
  if (widthOf(named) <= WIDTH) return [named];
  const numbers = targets.map((_, index) => `[${index + 1}]`);
  const legend = targets.map((target, index) => `[${index + 1}] ${target}`);
  const room = WIDTH - Math.max(...lines.map(({ name }) => name.length));
  const columns = Math.max(1, Math.floor(room / 7));
  const result = [];
  for (let from = 0; from < targets.length; from += columns)
    result.push(draw(numbers.slice(from, from + columns), from));
  return [...result, ...wrapped(legend)];
}

/** Several to a line, as many as fit. */
function wrapped(words: string[]): string[] {
  const lines = [''];
  for (const word of words) {
    const last = lines[lines.length - 1];
    if (last === '') lines[lines.length - 1] = word;
    else if (last.length + 2 + word.length <= WIDTH) lines[lines.length - 1] = `${last}  ${word}`;
    else lines.push(word);
  }
  return lines;
}

const widthOf = (text: string) => Math.max(...text.split('\n').map((line) => line.length));
const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
