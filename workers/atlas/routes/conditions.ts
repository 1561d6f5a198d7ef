/** What a request's conditions make of the version that there is: answer it, 304, or 412. */
export type Verdict = 'answer' | 'not-modified' | 'failed';

/** A version of a file, as validators tell it. */
export interface Validators {
  /** A strong entity-tag with its quotes. */
  etag: string;
  modified: Date;
}

/** Whether a request has any header that `verdictOf` looks at. */
export const isConditional = (headers: Headers): boolean =>
  ['If-Match', 'If-Unmodified-Since', 'If-None-Match', 'If-Modified-Since'].some((name) => headers.has(name));

/**
 * The conditions of a GET or HEAD in their order (RFC 9110, 13.2.2). A condition that does not have the form that its
 * header prescribes is ignored: 13.1.3 and 13.1.4 ask for that where a date is none, and of a wrong list of tags
 * nothing can be said.
 */
export function verdictOf(headers: Headers, { etag, modified }: Validators): Verdict {
  // HTTP dates have whole seconds.
  const seconds = Math.floor(modified.getTime() / 1000) * 1000;

  const ifMatch = entityTags(headers.get('If-Match'));
  const unmodifiedSince = httpDate(headers.get('If-Unmodified-Since'));
  if (ifMatch) {
    // The strong comparison: a weak tag matches nothing.
    if (ifMatch !== '*' && !ifMatch.includes(etag)) return 'failed';
  } else if (!headers.has('If-Match') && unmodifiedSince !== undefined && seconds > unmodifiedSince) return 'failed';

  const ifNoneMatch = entityTags(headers.get('If-None-Match'));
  if (ifNoneMatch) {
    const known = ifNoneMatch === '*' || ifNoneMatch.some((tag) => tag.replace(/^W\//, '') === etag);
    return known ? 'not-modified' : 'answer';
  }
  const modifiedSince = httpDate(headers.get('If-Modified-Since'));
  if (!headers.has('If-None-Match') && modifiedSince !== undefined && seconds <= modifiedSince) return 'not-modified';
  return 'answer';
}

const ENTITY_TAG = /(?:W\/)?"[\x21\x23-\x7e\x80-\uffff]*"/g;

/** The entity-tags of a header (8.8.3), or "*"; undefined where it is absent or has another form. */
function entityTags(value: string | null): '*' | string[] | undefined {
  if (value === null) return undefined;
  if (value.trim() === '*') return '*';
  // No header holds a line break. A list may have empty elements (5.6.1), and has at least one tag.
  const shape = value.replace(ENTITY_TAG, '\n').replaceAll(/[ \t]/g, '');
  return /^,*\n(?:,+\n)*,*$/.test(shape) ? (value.match(ENTITY_TAG) ?? undefined) : undefined;
}

const DAY = '(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)';
const MONTH = '(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)';
const TIME = '\\d{2}:\\d{2}:\\d{2}';
/** The three forms of 5.6.7: the one that is sent, and two that a recipient still has to read. */
const HTTP_DATES = [
  `${DAY}, \\d{2} ${MONTH} \\d{4} ${TIME} GMT`,
  `(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, \\d{2}-${MONTH}-\\d{2} ${TIME} GMT`,
  `${DAY} ${MONTH} [ \\d]\\d ${TIME} \\d{4}`,
].map((form) => new RegExp(`^${form}$`));

/** Milliseconds of an HTTP date; undefined where it is absent or none. */
function httpDate(value: string | null): number | undefined {
  const text = value?.trim() ?? '';
  if (!HTTP_DATES.some((form) => form.test(text))) return undefined;
  const time = Date.parse(text.endsWith('GMT') ? text : `${text} GMT`);
  return Number.isNaN(time) ? undefined : time;
}
