const byExtension: Record<string, string> = {
  json: 'application/json',
  csv: 'text/csv; charset=utf-8',
  parquet: 'application/vnd.apache.parquet',
  npy: 'application/x-npy',
  safetensors: 'application/octet-stream',
  onnx: 'application/octet-stream',
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  webp: 'image/webp',
  md: 'text/markdown; charset=utf-8',
  cff: 'application/yaml; charset=utf-8',
};

/** Media type of a key of a release, where the bucket has none stored; SHA256SUMS and LICENSE are plain text. */
export function mediaTypeOf(key: string): string {
  const name = key.slice(key.lastIndexOf('/') + 1);
  const dot = name.lastIndexOf('.');
  if (dot < 0) return 'text/plain; charset=utf-8';
  return byExtension[name.slice(dot + 1).toLowerCase()] ?? 'application/octet-stream';
}
