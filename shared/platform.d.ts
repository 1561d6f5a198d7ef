/**
 * What every platform of the Atlas (Node, workerd, browser) has beyond the language itself. Nothing else may be assumed
 * in shared/.
 */
declare class TextEncoder {
  encode(text: string): Uint8Array<ArrayBuffer>;
}
declare class TextDecoder {
  constructor(label?: string, options?: { fatal?: boolean });
  decode(bytes?: Uint8Array | ArrayBuffer): string;
}
declare const performance: { now(): number };
interface AbortSignal {
  readonly aborted: boolean;
  // biome-ignore lint/suspicious/noExplicitAny: as the platforms have it, whatever was given as the reason.
  readonly reason: any;
  throwIfAborted(): void;
}
interface ImportMeta {
  url: string;
}
declare namespace WebAssembly {
  interface Module {
    readonly __brand?: 'WebAssembly.Module';
  }
  interface Memory {
    readonly buffer: ArrayBuffer;
  }
  interface Instance {
    readonly exports: Record<string, unknown>;
  }
  type Imports = Record<string, Record<string, unknown>>;
  const Memory: { new (descriptor: { initial: number }): Memory };
  const Module: { imports(module: Module): { module: string; name: string }[] };
  function instantiate(module: Module, imports?: Imports): Promise<Instance>;
}
