import type { Decoder } from './decoder.ts';
import { ImageError } from './image-error.ts';
import type { Rgba } from './pixels.ts';

/** What the Emscripten modules of @jsquash/jpeg and @jsquash/webp take and give, as far as it is used here. */
type Factory = (options: {
  noInitialRun: boolean;
  instantiateWasm(imports: WebAssembly.Imports, done: (instance: WebAssembly.Instance) => void): unknown;
  print(line: string): void;
  printErr(line: string): void;
}) => Promise<{ decode(bytes: Uint8Array, ...options: unknown[]): unknown }>;

/**
 * Starts a decoder in the WebAssembly module that the platform has compiled. It is called with exactly the options
 * given, or refuses. Damage that it would pass over, leaving grey, is an error.
 */
export async function startDecoder(factory: unknown, module: WebAssembly.Module, options: unknown[]): Promise<Decoder> {
  let complaints: string[] = [];
  let memory: WebAssembly.Memory | undefined;
  const codec = await new Promise<Awaited<ReturnType<Factory>>>((resolve, reject) => {
    (factory as Factory)({
      noInitialRun: true,
      instantiateWasm(imports, done) {
        WebAssembly.instantiate(module, imports)
          .then((instance) => {
            memory = memoryOf(instance);
            done(instance);
          })
          .catch(reject);
        return {};
      },
      print: () => {},
      printErr: (line) => complaints.push(line),
    }).then(resolve, reject);
  });
  if (!memory) throw new Error('the decoder has no memory');

  let lend: (picture: Rgba) => void = () => {};
  // The C++ ends with `new ImageData(new Uint8ClampedArray(view of its memory), width, height)`, by the names that the
  // global scope has for them when it first decodes. With these two in their place nothing is copied, and the picture
  // is at hand while the C++ still holds it.
  const lending = {
    Uint8ClampedArray: class {
      constructor(view: Uint8Array) {
        // biome-ignore lint/correctness/noConstructorReturn: the view itself is to be what "new" gives.
        return view;
      }
    },
    ImageData: class {
      constructor(data: Uint8Array, width: number, height: number) {
        lend({ data, width, height });
      }
    },
  };

  return {
    memory,
    decode(bytes, use) {
      complaints = [];
      let result: { value: ReturnType<typeof use> } | undefined;
      let damage: string | undefined;
      const restore = replaceGlobals(lending);
      lend = (picture) => {
        // Before anybody else's code runs.
        restore();
        damage = complaints.find((line) => /premature end|bad huffman code/i.test(line));
        if (damage === undefined) result = { value: use(picture) };
      };
      try {
        codec.decode(bytes, ...options);
      } catch (cause) {
        if (cause instanceof ImageError) throw cause;
        // What C++ throws is a number or an object that says nothing; what it printed before says more.
        throw new Error(complaints.at(-1)?.trim() || 'the decoder gave up', { cause });
      } finally {
        restore();
      }
      // It came to its end by itself, so it goes on with the next picture.
      if (!result) {
        const reason = damage ?? 'the decoder gives no picture';
        throw new ImageError('corrupt', `The data cannot be decoded (${reason}). Save the picture again and retry.`);
      }
      return result.value;
    },
  };
}

function memoryOf(instance: WebAssembly.Instance): WebAssembly.Memory | undefined {
  return Object.values(instance.exports).find(
    (value): value is WebAssembly.Memory => value instanceof WebAssembly.Memory,
  );
}

/**
 * Gives the global scope other values under some names, until what is returned is called. Nothing may be awaited in
 * between.
 */
function replaceGlobals(values: Record<string, unknown>): () => void {
  const scope = globalThis as Record<string, unknown>;
  const before = Object.fromEntries(Object.keys(values).map((name) => [name, scope[name]]));
  Object.assign(scope, values);
  return () => Object.assign(scope, before);
}
