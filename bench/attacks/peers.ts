/** Other people's tools on the same model and photos: a plain PyTorch loop, and ART's UniversalPerturbation. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { readNpy, writeNpy } from '#shared/formats';
import { writeAtomic } from '../../batch/files/index.ts';
import { loadCard, readModelBytes } from '../../batch/zoo/index.ts';
import { ratioOf } from './cells.ts';
import { cardOf, type Lab, mean, overSeeds, percents, printTable, seconds } from './lab.ts';

const script = fileURLToPath(new URL('../peers/attacks.py', import.meta.url));

export interface Loop {
  ratios: number[];
  seconds: number[];
}

/** glibc keeps big buffers instead of handing them back: twice as fast for PyTorch's input gradients. */
const allocatorSettings = {
  MALLOC_MMAP_MAX_: '0',
  MALLOC_TRIM_THRESHOLD_: '8000000000',
  MALLOC_TOP_PAD_: '268435456',
};

interface Peer {
  tool: 'loop' | 'art';
  gradients: number;
  photos: number;
  seed: number;
  allocator: boolean;
}

/** Runs one peer in its own process, or remembers; null without a Python. */
async function peer(
  lab: Lab,
  card: string,
  of: Peer,
): Promise<{ ratio: number; seconds: number; load: number } | null> {
  const { options, crafting, bench } = lab;
  const model = await loadCard(card);
  const inputs = {
    generation: 1,
    ...of,
    model: model.card.id,
    crafting: crafting.set.sha256(crafting.indices.slice(0, of.photos)),
  };
  const key = createHash('sha256').update(JSON.stringify(inputs)).digest('hex').slice(0, 20);
  const file = join(options.cache, `peer-${of.tool}-${key}`);
  if (!existsSync(`${file}.json`)) {
    if (!options.torch) return null;
    const work = {
      ...of,
      onnx: `${file}.onnx`,
      canvases: `${file}-photos.npy`,
      out: `${file}.npy`,
      preprocessing: model.card.preprocessing,
      epsilon: 10,
    };
    const plane = 3 * 224 * 224;
    const chosen = crafting.indices.slice(0, of.photos);
    const pixels = new Uint8Array(chosen.length * plane);
    chosen.forEach((index, place) => {
      pixels.set(crafting.set.pixels.subarray(index * plane, (index + 1) * plane), place * plane);
    });
    await writeAtomic(work.canvases, writeNpy(pixels, [chosen.length, 3, 224, 224]));
    await writeAtomic(work.onnx, await readModelBytes(model));
    const env = { ...process.env, ...(of.allocator ? allocatorSettings : {}) };
    const { stdout } = await promisify(execFile)(options.torch, [script, JSON.stringify(work)], {
      env,
      maxBuffer: 1e8,
    });
    const said = JSON.parse(stdout.trim().split('\n').at(-1) as string) as { seconds: number };
    const v = readNpy(await readFile(work.out)).data as Float32Array;
    const ratio = ratioOf(await bench.fooled(v, card, lab.evaluation));
    await writeAtomic(`${file}.json`, JSON.stringify({ ratio, seconds: said.seconds, load: loadavg()[0], inputs }));
    console.error(
      `${of.tool} on ${model.card.id}, seed ${of.seed}${of.allocator ? ', allocator set' : ''}: ${said.seconds.toFixed(0)} s`,
    );
  }
  return JSON.parse(await readFile(`${file}.json`, 'utf8'));
}

/** The plain PyTorch loop with some seeds; null where it has not run and there is no Python. */
export async function loopOf(
  lab: Lab,
  card: string,
  gradients: number,
  { allocator, seeds }: { allocator: boolean; seeds: number[] },
): Promise<Loop | null> {
  const loop: Loop = { ratios: [], seconds: [] };
  for (const seed of seeds) {
    const found = await peer(lab, card, {
      tool: 'loop',
      gradients,
      photos: lab.crafting.indices.length,
      seed,
      allocator,
    });
    if (!found) return null;
    loop.ratios.push(found.ratio);
    loop.seconds.push(found.seconds);
  }
  return loop;
}

/**
 * ART's DeepFool-based perturbation, which takes no budget: one pass over some photos; and how soon `house` is as good.
 */
export async function peers(lab: Lab): Promise<void> {
  const rows: string[][] = [];
  for (const model of lab.options.models) {
    const card = cardOf(lab, model);
    for (const allocator of [false, true]) {
      const art = await peer(lab, card, { tool: 'art', gradients: 0, photos: 100, seed: 1, allocator });
      if (!art) continue;
      rows.push([
        model,
        `ART UniversalPerturbation, 100 photos${allocator ? ', allocator set' : ''}`,
        percents([art.ratio]),
        art.seconds.toFixed(0),
        '',
      ]);
      const budget = { seconds: art.seconds / 20 };
      const ours = await overSeeds(lab, { attack: 'house', surrogates: [card], crafting: lab.crafting, budget }, card);
      const reached = mean(ours.ratios) >= art.ratio;
      rows.push([
        model,
        'house in a twentieth of that time',
        percents(ours.ratios),
        seconds(ours.cells),
        reached ? 'goal reached' : 'goal NOT reached',
      ]);
    }
  }
  printTable('ART and house', ['model', 'what', 'fooling %', 's', ''], rows);
}
