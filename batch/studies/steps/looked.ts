/** What a model says of crafting photos as they are: all that is crafted on it starts from there. */
import { cleanItems } from '#shared/attacks';
import { writeNpy } from '#shared/formats';
import {
  type LookedResult,
  lookedResult,
  type PhotosResult,
  type PreparedResult,
  readCanvases,
  readPrepared,
} from '../../analyses/index.ts';
import { computeOf, defineStep, type Job } from '../../jobs/index.ts';

interface Inputs {
  prepared: Job<PreparedResult>;
  crafting: Job<PhotosResult>;
  provider: string;
}

export const lookedStep = defineStep<Inputs, LookedResult>({
  name: 'looked',
  source: import.meta.url,
  result: lookedResult,
  async run({ machine, signal, report }, { prepared, crafting }) {
    const compute = await computeOf(machine);
    const program = { key: prepared.result.sha256, bytes: await readPrepared(prepared) };
    const photos = await readCanvases(crafting);
    const items = cleanItems(crafting.result.names.map((_, index) => index));
    const { logits, classes } = await compute.logits({
      ...{ program, photos, items, signal },
      onProgress: (done) => report({ done, total: items.length, unit: 'photos' }),
    });
    return {
      result: { photos: crafting.result.names.length, classes },
      files: { 'logits.npy': writeNpy(new Float32Array(logits), [items.length, classes]) },
    };
  },
});
