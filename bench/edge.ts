/**
 * What the edge costs, in one run: `npm run bench:edge`. The production bundle in local workerd, beside bare
 * onnxruntime-web in Node and onnxruntime-node on one thread. --help says what can be chosen.
 */
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { latest, manifest } from '#shared/release';
import buildTestRelease from '../test/support/global-setup.ts';
import { jpegOf, nodeCodecs } from '../test/support/images.ts';
import { TEST_RELEASE } from '../test/support/release.ts';
import { startWorker } from '../test/support/worker.ts';
import { ask } from './edge/client.ts';
import { coldStarts } from './edge/cold.ts';
import { attack } from './edge/hostile.ts';
import { compareLatency } from './edge/latency.ts';
import { endure, throughput } from './edge/load.ts';

const HELP = `npm run bench:edge -- [options]

  --model <id>       model of the release, repeated for several (default: all that the edge serves)
  --release <dir>    release folder (default: the release of the tests, crafted first where it is not there)
  --rounds <n>       interleaved rounds of latency for each model (default 40)
  --requests <n>     requests over which memory is watched (default 10000)
  --seconds <n>      seconds of load for each number of connections (default 5)
  --hostile [n]      only send hostile uploads, 10000 or n of them: 5 % slow, 5 % of 19 MB, at 16 connections
  --seed <n>         seed of the hostile uploads (default 1)

Example: npm run bench:edge -- --model squeezenet1_1 --requests 500`;

const { values, positionals } = parseArgs({
  options: {
    model: { type: 'string', multiple: true },
    release: { type: 'string' },
    rounds: { type: 'string', default: '40' },
    requests: { type: 'string', default: '10000' },
    seconds: { type: 'string', default: '5' },
    hostile: { type: 'boolean', default: false },
    seed: { type: 'string', default: '1' },
    help: { type: 'boolean', default: false },
  },
  allowPositionals: true,
});
if (values.help) {
  console.log(HELP);
  process.exit();
}

if (!values.release) await buildTestRelease();
const folder = values.release ?? TEST_RELEASE;
const readJson = async (key: string) => JSON.parse(await readFile(join(folder, key), 'utf8'));
const release = manifest.parse(await readJson(latest.parse(await readJson('latest.json')).manifest.key));
const atEdge = release.models.filter(({ edge }) => edge);
const models = values.model ? atEdge.filter(({ card }) => values.model!.includes(card.id)) : atEdge;
if (models.length === 0)
  throw new Error(`The release has no such model at the edge; it has ${atEdge.map(({ card }) => card.id).join(', ')}.`);
const photo = await photoOf500x400();

console.log(
  `Node ${process.version}, ${availableParallelism()} cores, release ${release.version}, a JPEG of 500 x 400 pixels and ${photo.length} bytes`,
);
if (values.hostile)
  await attack({ release: folder, photo, seed: Number(values.seed), count: Number(positionals[0] ?? 10_000) });
else await all();

async function all(): Promise<void> {
  await coldStarts({ release: folder, photo, models: models.map(({ card }) => card.id) });
  const worker = await startWorker({ release: folder });
  try {
    for (const { card, key } of models) {
      const perturbation =
        release.perturbations.find(({ surrogates }) => surrogates.includes(card.id)) ?? release.perturbations[0];
      await compareLatency({
        url: worker.url,
        photo,
        model: { id: card.id, file: join(folder, key) },
        perturbation: perturbation.id,
        size: release.canvas,
        rounds: Number(values.rounds),
      });
    }
    const request = () => ask(worker.url, photo, { model: models[0].card.id });
    await throughput(request, Number(values.seconds));
    await endure(request, photo, Number(values.requests));
  } finally {
    await worker.dispose();
  }
}

/** A starter photo, enlarged to the size that visitors' photos have on average in the goals. */
async function photoOf500x400(): Promise<Uint8Array<ArrayBuffer>> {
  const file = new URL('../zoo/starter/photos/koala.jpg', import.meta.url);
  const small = await (await nodeCodecs()).decode(new Uint8Array(await readFile(file)));
  const [width, height] = [500, 400];
  const data = new Uint8Array(4 * width * height);
  const from = new Uint32Array(Uint8Array.from(small.data).buffer);
  const to = new Uint32Array(data.buffer);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++)
      to[y * width + x] =
        from[Math.floor((y * small.height) / height) * small.width + Math.floor((x * small.width) / width)];
  }
  return new Uint8Array(await jpegOf({ data, width, height }, { quality: 85 }));
}
