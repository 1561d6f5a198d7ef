import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import * as graph from '#shared/graph';
import { rules } from '../../shared/graph/rules/index.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const page = readFileSync(`${root}docs/graph.md`, 'utf8');

describe('docs/graph.md', () => {
  test('lists exactly the operators that have a rule', () => {
    const table = page.slice(page.indexOf('| family | operators |')).split('\n\n')[0];
    const listed = table
      .split('\n')
      .slice(2)
      .flatMap((row) => row.split('|')[2].split(','))
      .map((name) => name.trim());
    expect(listed.toSorted()).toEqual(Object.keys(rules).sort());
  });

  test('names functions that exist', () => {
    const table = page.slice(page.indexOf('| function | from | to |')).split('\n\n')[0];
    const named = table
      .split('\n')
      .slice(2)
      .flatMap((row) => row.split('|')[1].match(/`[a-zA-Z]+/g) ?? []);
    expect(named.length).toBeGreaterThan(10);
    for (const name of named) expect(graph).toHaveProperty(name.slice(1));
  });

  test('has an example that runs and prints what the page says', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, ['docs/examples/gradient.ts'], {
      cwd: root,
    });
    const [facts, losses] = stdout.trim().split('\n');
    expect(page).toContain(facts);
    // Runtimes round differently on other processors, so the loss is compared by its size.
    const numbers = (text: string) =>
      /class (\d+): loss ([\d.]+), after one step ([\d.]+)/.exec(text)!.slice(1).map(Number);
    const [label, before, after] = numbers(losses);
    const [saidLabel, saidBefore, saidAfter] = numbers(page);
    expect(label).toBe(saidLabel);
    expect(before).toBeCloseTo(saidBefore, 1);
    expect(after).toBeCloseTo(saidAfter, 0);
  });
});
