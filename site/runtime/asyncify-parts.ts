/**
 * The build of onnxruntime-web for WebGPU without JSPI is larger than one asset of Cloudflare may be (25 MiB), so that
 * the site has it in parts (site/pages/runtime).
 */
const BYTES = 26_781_914;
const COUNT = 2;

/** Where each part lies, from which byte on, and how many it has. */
export const ASYNCIFY_PARTS = Array.from({ length: COUNT }, (_, part) => {
  const from = Math.ceil((part * BYTES) / COUNT);
  return { url: `/runtime/asyncify-${part}.wasm`, from, bytes: Math.ceil(((part + 1) * BYTES) / COUNT) - from };
});
