import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const root = new URL('../../', import.meta.url);

test('every line of the threat model names tests that are there', () => {
  const text = readFileSync(new URL('SECURITY.md', root), 'utf8');
  const lines = text.split('\n').filter((line) => /^\| (?!sent|---)/.test(line));
  expect(lines.length).toBeGreaterThan(20);
  for (const line of lines) {
    const shownBy = line.split(' | ').at(-1)!;
    const named = [...shownBy.matchAll(/`([^`]+\.test\.ts)`/g)].map(([, file]) => file);
    expect(named.length, line).toBeGreaterThan(0);
    for (const file of named) expect(existsSync(new URL(`test/${file}`, root)), file).toBe(true);
  }
});
