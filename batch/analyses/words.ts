/** Numbers as sentences say them. */
export const percent = (share: number) => `${Math.round(100 * share)} %`;

/** "a dog", "an artefact". */
export const withArticle = (noun: string) => `${/^[aeiou]/i.test(noun) ? 'an' : 'a'} ${noun}`;

/** Parts as one sentence. */
export function sentence(parts: readonly string[]): string {
  const joined = parts.join('; ');
  return `${joined[0].toUpperCase()}${joined.slice(1)}.`;
}
