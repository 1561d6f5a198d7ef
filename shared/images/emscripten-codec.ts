import type { Rgba } from './canvas.ts';

/** What the Emscripten modules of @jsquash/jpeg and @jsquash/webp take and give, as far as it is used here. */
type Factory = (options: {
  noInitialRun: boolean;
  instantiateWasm(imports: WebAssembly.Imports, done: (instance: WebAssembly.Instance) => void): unknown;
  print(line: string): void;
  printErr(line: string): void;
}) => Promise<{ decode(bytes: Uint8Array, ...options: unknown[]): Rgba | null }>;

/** Starts a decoder in the WebAssembly module that the platform has compiled. It is called with exactly the options given, or refuses. */
export async function startDecoder(factory: unknown, module: WebAssembly.Module, options: unknown[]) {
  let complaints: string[] = [];
  const codec = await new Promise<Awaited<ReturnType<Factory>>>((resolve, reject) => {
    (factory as Factory)({
      noInitialRun: true,
      instantiateWasm(imports, done) {
        WebAssembly.instantiate(module, imports).then(done).catch(reject);
        return {};
      },
      print: () => {},
      printErr: (line) => complaints.push(line),
    }).then(resolve, reject);
  });
  return {
    /** The picture, and what the decoder had to say about damage that it passed over. */
    decode(bytes: Uint8Array): { image: Rgba | null; complaints: string[] } {
      complaints = [];
      const image = codec.decode(bytes, ...options);
      return { image, complaints };
    },
  };
}
