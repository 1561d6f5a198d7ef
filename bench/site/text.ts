/** What Cloudflare compresses, of what the site has. */
export const isText = (headers: Record<string, string>) =>
  /text|json|javascript|svg|xml|wasm/.test(headers['content-type'] ?? '');
