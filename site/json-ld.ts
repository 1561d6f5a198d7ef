import { posix } from 'node:path';
import { releasePrefix } from '#shared/release';
import { type Atlas, dataUrl } from './release.ts';

/**
 * The release's Croissant document as the data page embeds it: its addresses, relative to the document within the
 * release, are those under which the Worker serves the files, and its own is that of the page.
 *
 * @param site the site's address, where it is known; addresses begin at its root otherwise.
 */
export function embeddedCroissant({ croissant, manifest }: Atlas, page: string, site: URL | undefined): unknown {
  if (!isDocument(croissant)) return null;
  const absolute = (path: string) => (site ? new URL(path, site).href : path);
  const served = (relative: string) => absolute(dataUrl(posix.join(releasePrefix(manifest.version), relative)));
  return {
    ...croissant,
    url: absolute(page),
    distribution: croissant.distribution.map((file) => ({ ...file, contentUrl: served(file.contentUrl) })),
  };
}

/** What each record set of the Croissant document is, by its name. */
export function descriptionsOf({ croissant }: Atlas): Map<string, string> {
  return new Map(isDocument(croissant) ? croissant.recordSet.map(({ name, description }) => [name, description]) : []);
}

interface Croissant {
  distribution: { contentUrl: string }[];
  recordSet: { name: string; description: string }[];
}

/** The release may be a stranger's: what is none of the sort is left out of the page. */
const isDocument = (value: unknown): value is Croissant =>
  isRecord(value) &&
  isListOf(value.distribution, ({ contentUrl }) => typeof contentUrl === 'string') &&
  isListOf(value.recordSet, ({ name, description }) => typeof name === 'string' && typeof description === 'string');

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
const isListOf = (value: unknown, fits: (item: Record<string, unknown>) => boolean) =>
  Array.isArray(value) && value.every((item) => isRecord(item) && fits(item));
