// Every file of people's kinds has a right behaviour, and a test that holds it.
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { root } from '../cli/atlas.ts';

const table = readFileSync(`${root}test/cases/README.md`, 'utf8')
  .split('\n')
  .filter((line) => /^\| [a-z].* \| .* \| test\//.test(line))
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .flatMap(([, files, , tests]) => files.split(', ').map((file) => ({ file, tests: tests.split(', ') })));

test('every file of test/cases has a line in its README', () => {
  const files = readdirSync(`${root}test/cases`).filter((name) => name !== 'README.md');
  expect(table.map(({ file }) => file).sort()).toEqual(files.sort());
});

test.each(table)('$file is opened by the tests that it names', ({ file, tests }) => {
  const name = file.replace(/\.onnx$/, '');
  for (const path of tests) expect(readFileSync(`${root}${path}`, 'utf8'), path).toMatch(new RegExp(`['"/]${name}\\b`));
});
