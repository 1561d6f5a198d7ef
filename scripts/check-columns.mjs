// `npm run columns`: comments and Markdown are at most 120 columns (code points) wide. The formatter sees to code, and
// to neither of these. A table's row, a block of code in Markdown, and what has no space to break at may be wider.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const WIDTH = 120;
const GENERATED = ['shared/api/types.ts', 'workers/worker-configuration.d.ts'];

/** A line that is a comment, or within one: its mark, and what it says. */
const slashes = /^\s*(?:\/\/|\/\*+|\*+|\{\/\*|<!--)(.*)$/;
const hash = /^\s*#+(.*)$/;

/** By the extension of a file: the lines of it that are looked at, each with what stands after its mark. */
const readers = { py: python, md: markdown };
for (const extension of ['ts', 'mjs', 'js', 'css', 'astro']) readers[extension] = commented(slashes);
for (const extension of ['sh', 'toml', 'yml']) readers[extension] = commented(hash);

function commented(mark) {
  return (lines) => lines.map((line) => mark.exec(line)?.[1]);
}

/** Comments, and docstrings: whatever stands between triple quotes. */
function python(lines) {
  let within = false;
  return lines.map((line) => {
    const quotes = line.split('"""').length - 1;
    const text = within || quotes > 0 ? line : hash.exec(line)?.[1];
    if (quotes % 2 === 1) within = !within;
    return text;
  });
}

function markdown(lines) {
  let fenced = false;
  return lines.map((line) => {
    if (/^\s*(```|~~~)/.test(line)) {
      fenced = !fenced;
      return undefined;
    }
    return fenced || /^\s*\|/.test(line) ? undefined : line.replace(/^\s*([-*>]|\d+\.)\s/, '');
  });
}

const root = fileURLToPath(new URL('..', import.meta.url));
const listed = spawnSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
});
if (listed.status !== 0) throw new Error(`git ls-files failed: ${listed.stderr || listed.error?.message}`);

let wide = 0;
for (const path of listed.stdout.split('\0')) {
  const reader = readers[path === '.ci/run' ? 'sh' : path.slice(path.lastIndexOf('.') + 1)];
  if (!reader || GENERATED.includes(path) || !existsSync(root + path)) continue;
  const lines = readFileSync(root + path, 'utf8').split(/\r?\n/);
  for (const [i, text] of reader(lines).entries()) {
    const columns = [...lines[i]].length;
    if (text === undefined || columns <= WIDTH || !text.trim().includes(' ')) continue;
    console.error(`${path}:${i + 1} is ${columns} columns wide`);
    wide++;
  }
}
if (wide > 0) {
  console.error(`Comments and Markdown are at most ${WIDTH} columns wide: break these ${wide} lines.`);
  process.exit(1);
}
