/** The little of S3's XML that is read here: a list of objects, and why a request was refused. */

export interface ListedObject {
  key: string;
  bytes: number;
  /** Without its quotes. */
  etag: string;
  /** When it was written, in milliseconds since 1970; not a number where the store does not say. */
  written: number;
}

/** One page of ListObjectsV2, or null for any other document. `next` continues it. */
export function readListing(xml: string): { objects: ListedObject[]; next: string | undefined } | null {
  if (!xml.includes('<ListBucketResult')) return null;
  const objects = [...xml.matchAll(/<Contents>(.*?)<\/Contents>/gs)].map(([, object]) => ({
    key: textOf(object, 'Key') ?? '',
    bytes: Number(textOf(object, 'Size')),
    etag: (textOf(object, 'ETag') ?? '').replaceAll('"', ''),
    written: Date.parse(textOf(object, 'LastModified') ?? ''),
  }));
  const next = textOf(xml, 'IsTruncated') === 'true' ? textOf(xml, 'NextContinuationToken') : undefined;
  return { objects, next };
}

/** Code and message of an error; of what is no such document its beginning. */
export function readRefusal(xml: string): { code: string; message: string } {
  return { code: textOf(xml, 'Code') ?? '', message: textOf(xml, 'Message') ?? xml.slice(0, 200) };
}

function textOf(xml: string, element: string): string | undefined {
  const found = new RegExp(`<${element}>([^<]*)</${element}>`).exec(xml)?.[1];
  return found === undefined ? undefined : plain(found);
}

const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function plain(text: string): string {
  return text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (whole, hex, decimal, name) =>
    hex
      ? String.fromCodePoint(Number.parseInt(hex, 16))
      : decimal
        ? String.fromCodePoint(Number(decimal))
        : (ENTITIES[name] ?? whole),
  );
}
