/** Bytes under way, of all downloads together; told to whoever shows a progress bar. */
const downloads = new Map<string, { loaded: number; total: number }>();
let listener: (loaded: number, total: number) => void = () => {};

/** Calls back, a few times a second at most, with the bytes loaded and expected of all downloads together. */
export function onProgress(callback: typeof listener): void {
  listener = callback;
}

let told = 0;
function tell(force: boolean) {
  const now = performance.now();
  if (!force && now - told < 100) return;
  told = now;
  let loaded = 0;
  let total = 0;
  for (const download of downloads.values()) {
    loaded += download.loaded;
    total += download.total;
  }
  listener(loaded, total);
}

/**
 * Fetches a file and reports on the way.
 *
 * @param expected its size where known: Content-Length says nothing about what a compressed answer unpacks to
 * @throws Error that names the address, and what was answered: for whoever looks for the cause, not for visitors
 */
export async function download(url: string, expected = 0): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(url);
  if (!response.ok || !response.body)
    throw new Error(`${url} could not be loaded: the server answered ${response.status}.`);
  const state = { loaded: 0, total: expected };
  downloads.set(url, state);
  const chunks: Uint8Array[] = [];
  for await (const chunk of streamOf(response.body)) {
    chunks.push(chunk);
    state.loaded += chunk.byteLength;
    state.total = Math.max(state.total, state.loaded);
    tell(false);
  }
  state.total = state.loaded;
  tell(true);
  const bytes = new Uint8Array(state.loaded);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return bytes;
}

// Not every browser can iterate a stream.
async function* streamOf(body: ReadableStream<Uint8Array>) {
  const reader = body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}
