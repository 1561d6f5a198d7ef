/** What is loaded before the first gradient. */
import { brotliCompressSync, constants } from 'node:zlib';
import { craftIn } from '../../test/support/craft.ts';
import { type Bench, printTable } from './bench.ts';

const GOAL_MB = 8;
/** Of a Worker's answers Cloudflare compresses text and WebAssembly, with about this quality. */
const QUALITY = 4;

export async function bytes(bench: Bench): Promise<void> {
  const [model] = bench.models;
  const page = await (await bench.browser.newContext()).newPage();
  const sizes: Promise<[kind: string, bytes: number, sent: number]>[] = [];
  page.on('response', (response) => {
    const type = response.headers()['content-type'] ?? '';
    const path = new URL(response.url()).pathname;
    const kind = path.startsWith('/data/models/')
      ? 'the network itself'
      : path.startsWith('/data/')
        ? 'photos and labels'
        : /wasm/.test(type)
          ? 'WebAssembly'
          : 'page, scripts, styles, fonts';
    sizes.push(
      response.body().then(
        (body) => {
          const isPacked = /text|json|javascript|svg|xml|wasm/.test(type);
          const params = { [constants.BROTLI_PARAM_QUALITY]: QUALITY };
          return [kind, body.length, isPacked ? brotliCompressSync(body, { params }).length : body.length];
        },
        () => [kind, 0, 0],
      ),
    );
  });
  await page.goto(`${bench.url}/craft/`, { waitUntil: 'load' });
  const order = { ...bench.orderFor(model), runtime: { kind: 'wasm', threads: 2 } as const };
  await craftIn(page, bench.craftWorker, order, 'step');
  const sums = new Map<string, { bytes: number; sent: number }>();
  for (const [kind, size, sent] of await Promise.all(sizes)) {
    const sum = sums.get(kind) ?? { bytes: 0, sent: 0 };
    sums.set(kind, { bytes: sum.bytes + size, sent: sum.sent + sent });
  }
  await page.context().close();
  const counted = [...sums].filter(([kind]) => kind !== 'the network itself');
  const total = counted.reduce((sum, [, { sent }]) => sum + sent, 0) / 1e6;
  printTable(
    `${model}, wasm with 2 threads: loaded before the first gradient (brotli ${QUALITY} of what is compressed)`,
    ['', 'MB', 'MB compressed'],
    [
      ...[...sums].map(([kind, { bytes: all, sent }]) => [kind, (all / 1e6).toFixed(2), (sent / 1e6).toFixed(2)]),
      ['without the network', '', `${total.toFixed(2)} (goal ${GOAL_MB}: ${total <= GOAL_MB ? 'yes' : 'no'})`],
    ],
  );
}
