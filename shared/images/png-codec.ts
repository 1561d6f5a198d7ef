import type { Decoder } from './decoder.ts';
import type { Rgba } from './pixels.ts';
import { pixelRanges } from './png-chunks.ts';

/**
 * The exports of squoosh_png, @jsquash/png's Rust compiled to WebAssembly, that are called here; pointers are numbers.
 */
interface Exports {
  memory: WebAssembly.Memory;
  decode(at: number, length: number): number;
  encode(result: number, at: number, length: number, width: number, height: number, bitDepth: number): void;
  __wbindgen_malloc(size: number, alignment: number): number;
  __wbindgen_free(at: number, size: number, alignment: number): void;
  __wbindgen_add_to_stack_pointer(bytes: number): number;
}

/**
 * PNG in and out by @jsquash/png's WebAssembly.
 *
 * Its own JavaScript is not used: a damaged file makes the Rust code trap, which leaves its memory in no state to go on
 * with, and that JavaScript keeps one instance for good. Here the caller makes a new one.
 */
export async function startPng(
  module: WebAssembly.Module,
): Promise<Decoder & { encode(image: Rgba): Uint8Array<ArrayBuffer> }> {
  let lend: (picture: Rgba) => void = () => {};
  const imports: Record<string, (...args: number[]) => unknown> = {};
  for (const { name } of WebAssembly.Module.imports(module)) {
    // wasm-bindgen ends names in a hash that changes with each build.
    if (name.startsWith('__wbg_newwithownedu8clampedarray')) {
      imports[name] = (at, length, width, height) => {
        lend({ data: new Uint8Array(exports.memory.buffer, at >>> 0, length), width, height });
        exports.__wbindgen_free(at, length, 1);
        return 0;
      };
    } else if (name === '__wbindgen_throw') {
      // All that it says is which of Rust's functions gave up.
      imports[name] = () => {
        throw new Error('its data is damaged');
      };
    } else {
      imports[name] = () => 0;
    }
  }
  const instance = await WebAssembly.instantiate(module, { wbg: imports });
  const exports = instance.exports as unknown as Exports;

  function passIn(bytes: Uint8Array | Uint8ClampedArray): number {
    const at = exports.__wbindgen_malloc(bytes.length, 1) >>> 0;
    new Uint8Array(exports.memory.buffer).set(bytes, at);
    return at;
  }

  /** Of a file only what its pixels depend on: the Rust code gives up where anything else is damaged. */
  function passFile(bytes: Uint8Array): [at: number, length: number] {
    let length = 0;
    for (const [from, to] of pixelRanges(bytes)) length += to - from;
    const start = exports.__wbindgen_malloc(length, 1) >>> 0;
    const memory = new Uint8Array(exports.memory.buffer);
    let at = start;
    for (const [from, to] of pixelRanges(bytes)) {
      memory.set(bytes.subarray(from, to), at);
      at += to - from;
    }
    return [start, length];
  }

  return {
    memory: exports.memory,
    /** To 8 bits, whatever the file has; frees what it is given. @throws a trap for a damaged file. */
    decode(bytes, use) {
      let result: { value: ReturnType<typeof use> } | undefined;
      lend = (picture) => {
        result = { value: use(picture) };
      };
      exports.decode(...passFile(bytes));
      if (!result) throw new Error('the decoder gives no picture');
      return result.value;
    },
    encode({ data, width, height }) {
      const result = exports.__wbindgen_add_to_stack_pointer(-16);
      exports.encode(result, passIn(data), data.length, width, height, 8);
      const [at, length] = new Uint32Array(exports.memory.buffer, result, 2);
      const file = new Uint8Array(exports.memory.buffer, at, length).slice();
      exports.__wbindgen_free(at, length, 1);
      exports.__wbindgen_add_to_stack_pointer(16);
      return file;
    },
  };
}
