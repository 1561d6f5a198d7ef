/** Text of strangers (names, keys, answers of hosts) as a terminal may have it. */

/**
 * What a terminal obeys or what hides the order of letters: controls of ASCII and of Latin-1 but for the end of a line
 * and the tab, marks of direction, separators of lines, halves of characters.
 */
const obeyed = /[^\P{C}\n\t\u00ad\u200c\u200d]|[\u2028\u2029]/gu;

/** A word of more is no word: a path is shorter. */
const LONGEST_WORD = 1000;
const LONGEST_LINE = 20_000;

/** Lines with every character visible, and nothing longer than a person would read. */
export function printable(text: string): string {
  return text
    .split('\n')
    .map((line) => cut(withShortWords(line), LONGEST_LINE))
    .join('\n')
    .replace(obeyed, escaped);
}

/** One expression for whole words would run out of stack in one of tens of millions of characters. */
function withShortWords(line: string): string {
  const long = new RegExp(`\\S{${LONGEST_WORD + 1}}`, 'g');
  const space = /\s/g;
  let short = '';
  let from = 0;
  for (let found = long.exec(line); found; found = long.exec(line)) {
    space.lastIndex = long.lastIndex;
    const end = space.exec(line)?.index ?? line.length;
    short += line.slice(from, found.index) + cut(line.slice(found.index, end), LONGEST_WORD);
    from = end;
    long.lastIndex = end;
  }
  return short + line.slice(from);
}

/** The beginning and the end of what is longer than `most`. */
export function cut(text: string, most: number): string {
  if (text.length <= most) return text;
  const tail = Math.floor(most / 4);
  return `${text.slice(0, most - tail)} … ${text.slice(-tail)}`;
}

/** JSON on one line, of the same value: what a terminal would obey is written as JSON has it. */
export const printableJson = (value: unknown): string => JSON.stringify(value).replace(obeyed, escaped);

/** As JSON and JavaScript write it. */
const escaped = (character: string) =>
  Array.from(
    { length: character.length },
    (_, i) => `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`,
  ).join('');
