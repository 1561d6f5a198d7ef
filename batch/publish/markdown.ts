/** Text of anybody's choice (titles, credits, licences) inside of a document that has a form of its own. */

/** On one line: a line end would begin a heading, a row or a field. */
export const oneLine = (text: string) => text.replace(/[\s\p{Cc}]+/gu, ' ').trim();

/**
 * Markdown that shows a text as it is, on one line: no link, picture, element, table or code comes of it. What is
 * harmless, as the "_" of an id, stays as it is written.
 */
export const markdown = (text: string) =>
  oneLine(text)
    .replace(/[\\`[\]<>|]/g, '\\$&')
    .replace(/^(\d+)([.)])(?= |$)/, '$1\\$2')
    .replace(/^[#=+*~-]/, '\\$&');

/** The same of several lines, which stay lines. */
export const markdownLines = (text: string) =>
  text
    .split(/\r\n|\r|\n/)
    .map(markdown)
    .join('\n');
