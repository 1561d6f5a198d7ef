/** Numbers as sentences say them. */
export const percent = (share: number) => `${Math.round(100 * share)} %`;

/** "a dog", "an artefact". */
export const withArticle = (noun: string) => `${/^[aeiou]/i.test(noun) ? 'an' : 'a'} ${noun}`;
