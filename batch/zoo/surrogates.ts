import type { Graphs } from '#shared/attacks';
import { inChild } from '../children/index.ts';

type Work = typeof import('./surrogates-work.ts');

/**
 * Work on the graphs of surrogates, each piece of it in a child process.
 * @returns functions that throw a UsageError when a piece takes more time or memory than it may
 */
export function graphsApart(signal?: AbortSignal): Graphs {
  const apart =
    <Name extends keyof Graphs>(name: Name) =>
    (...args: Parameters<Graphs[Name]>) => {
      const [{ id, bytes }] = args as [{ id: string; bytes?: Uint8Array }];
      return inChild<Work, Awaited<ReturnType<Graphs[Name]>>>(
        new URL('./surrogates-work.ts', import.meta.url),
        { what: `The model ${id}`, signal, bytes: bytes?.byteLength },
        (call) => (call[name] as (...args: unknown[]) => never)(...args),
      );
    };
  return { gradient: apart('gradient'), layer: apart('layer'), mean: apart('mean'), batch: apart('batch') };
}
