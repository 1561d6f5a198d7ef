import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { createCodecs } from '#shared/images';

/** Node has it; Node's types do not. */
declare const WebAssembly: { compile(bytes: Uint8Array): Promise<WebAssembly.Module> };

/** A camera's photo is welcome here, where memory is not that of a Worker. */
const MAX_PIXELS = 100_000_000;

let compiled: Promise<ReturnType<typeof createCodecs>> | undefined;

/** The codecs of shared/images on this platform; their WebAssembly is compiled once. */
export function codecs(): Promise<ReturnType<typeof createCodecs>> {
  compiled ??= compile();
  return compiled;
}

async function compile() {
  const [jpeg, png, webp] = await Promise.all(
    [
      import.meta.resolve('@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm'),
      import.meta.resolve('@jsquash/png/codec/pkg/squoosh_png_bg.wasm'),
      import.meta.resolve('@jsquash/webp/codec/dec/webp_dec.wasm'),
    ].map(async (url) => WebAssembly.compile(await readFile(fileURLToPath(url)))),
  );
  return createCodecs({ jpeg, png, webp }, { maxPixels: MAX_PIXELS });
}
