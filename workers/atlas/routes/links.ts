/** Where a key of the release is served. */
export const dataPath = (key: string) => `/data/${key.split('/').map(encodeURIComponent).join('/')}`;

/** A path of the API with a query; what is undefined is left out. */
export function apiPath(path: string, query: Record<string, string | undefined> = {}): string {
  const given = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const search = new URLSearchParams(given).toString();
  return `/api/v1${path}${search && `?${search}`}`;
}
