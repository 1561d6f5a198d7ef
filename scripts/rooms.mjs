// Part of `npm run rooms`, before dependency-cruiser holds the code to rooms.mjs: looks whether that list is sound, and
// whether docs/architecture.md has its table. `npm run rooms:write` writes the table.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { allowed, rooms } from '../rooms.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const page = `${root}docs/architecture.md`;
const BEGIN = '<!-- The table is made from rooms.mjs by `npm run rooms:write`. -->\n\n';
const END = '\n\n<!-- The end of the table. -->';

/** What is wrong with the list itself: a sentence each. */
function faults() {
  const known = rooms.map(({ room }) => room);
  const folders = ['shared', 'batch', 'workers'].flatMap((parent) =>
    readdirSync(`${root}${parent}`, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => `${parent}/${entry.name}`),
  );
  return [
    ...folders.filter((folder) => !known.includes(folder)).map((folder) => `${folder} is not in the list.`),
    ...known.filter((room) => !existsSync(`${root}${room}`)).map((room) => `There is no ${room}.`),
    ...rooms.flatMap((entry) =>
      allowed(entry).flatMap((name) => {
        const room = name.endsWith('.ts') ? name.slice(0, name.lastIndexOf('/')) : name;
        const at = known.indexOf(room);
        return at >= 0 && at < known.indexOf(entry.room) ? [] : [`${entry.room} may not import ${name}: not above it.`];
      }),
    ),
  ];
}

/** The rows of the table: rooms in their order, then what is no room. */
function table() {
  const words = (name) => {
    if (name === 'shared') return '`shared/*`';
    if (name === 'batch') return 'all of batch above';
    return `\`${name.replace(/^batch\//, '')}\``;
  };
  return [
    '| room | what is in it | may import |',
    '|---|---|---|',
    ...rooms.map(
      ({ room, holds, imports }) => `| \`${room}\` | ${holds} | ${imports.map(words).join(', ') || 'nobody'} |`,
    ),
    '| `zoo`, `studies` | data only | – |',
    '| `test`, `bench`, `scripts` | tests mirror the tree; benchmarks print ratios; what `npm start` and `npm test` call | all |',
  ].join('\n');
}

function fail(what) {
  console.error(what);
  process.exit(1);
}

const wrong = faults();
if (wrong.length > 0) fail(`rooms.mjs is wrong: ${wrong.join(' ')}`);

const text = readFileSync(page, 'utf8');
const [from, to] = [text.indexOf(BEGIN) + BEGIN.length, text.indexOf(END)];
if (from < BEGIN.length || to < from) fail('docs/architecture.md has lost the marks around its table of rooms.');
if (text.slice(from, to) !== table()) {
  if (!process.argv.includes('--write'))
    fail('The table of rooms in docs/architecture.md is not what rooms.mjs says. Run `npm run rooms:write`.');
  writeFileSync(page, text.slice(0, from) + table() + text.slice(to));
}
