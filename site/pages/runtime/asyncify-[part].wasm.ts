/** A part of the build of onnxruntime-web that is too large for one file of the site. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { APIRoute } from 'astro';
import { ASYNCIFY_PARTS } from '../../runtime/asyncify-parts.ts';

export const getStaticPaths = () => ASYNCIFY_PARTS.map((_, part) => ({ params: { part: String(part) } }));

export const GET: APIRoute = async ({ params: { part } }) => {
  const path = import.meta.resolve('onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm');
  const whole = await readFile(fileURLToPath(path));
  const { bytes: last, from: start } = ASYNCIFY_PARTS[ASYNCIFY_PARTS.length - 1];
  if (whole.length !== start + last) {
    throw new Error(
      `onnxruntime-web's asyncify build has ${whole.length} bytes, and site/runtime/asyncify-parts.ts says ${start + last}.`,
    );
  }
  const { from, bytes } = ASYNCIFY_PARTS[Number(part)];
  return new Response(whole.subarray(from, from + bytes), { headers: { 'Content-Type': 'application/wasm' } });
};
