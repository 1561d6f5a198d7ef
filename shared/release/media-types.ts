const byExtension: Record<string, string> = {
  json: 'application/json',
  csv: 'text/csv; charset=utf-8',
  md: 'text/markdown; charset=utf-8',
  // YAML says by itself how it is encoded: its media type has no charset (RFC 9512).
  cff: 'application/yaml',
  parquet: 'application/vnd.apache.parquet',
  npy: 'application/octet-stream',
  safetensors: 'application/octet-stream',
  onnx: 'application/octet-stream',
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  webp: 'image/webp',
};

/** Every media type that a file of a release may have, without its parameters. */
export const mediaTypes = [...new Set(['text/plain', ...Object.values(byExtension)].map((type) => type.split(';')[0]))];

/** The media type of a key of a release. Files without an ending, SHA256SUMS and LICENSE, are plain text. */
export function mediaTypeOf(key: string): string {
  const name = key.slice(key.lastIndexOf('/') + 1);
  const dot = name.lastIndexOf('.');
  if (dot < 0) return 'text/plain; charset=utf-8';
  return byExtension[name.slice(dot + 1).toLowerCase()] ?? 'application/octet-stream';
}
