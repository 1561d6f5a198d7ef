import { answerOf, atlasClient, type Classification } from '#shared/api';

/** One answer of the Worker, as its client sees it. */
export interface Asked {
  /** Milliseconds from asking to the whole answer. */
  milliseconds: number;
  answer: Classification;
  /** MiB of WebAssembly memory in the isolate, as the Worker says. */
  wasm: number;
}

/** Asks a Worker to classify a photo. @throws ApiError where it does not */
export async function ask(
  url: string,
  photo: Uint8Array<ArrayBuffer>,
  query: { model?: string; perturbation?: string[] },
): Promise<Asked> {
  const started = performance.now();
  const result = await atlasClient({ baseUrl: url }).POST('/api/v1/classify', { params: { query }, body: photo });
  const answer = answerOf(result);
  const milliseconds = performance.now() - started;
  const [, wasm = 'NaN'] = /(\d+) MiB of wasm/.exec(result.response.headers.get('Server-Timing') ?? '') ?? [];
  return { milliseconds, answer, wasm: Number(wasm) };
}
