/** A model as a graph from canvas to logits. */
import type { z } from 'zod';
import type { preparationOf } from '#shared/release';
import { preparedResult } from '../../analyses/index.ts';
import { defineStep } from '../../jobs/index.ts';
import { prepareModel, type ZooModel } from '../../zoo/index.ts';

interface Inputs {
  /** SHA-256 of the model's file. */
  source: string;
  preparation: ReturnType<typeof preparationOf>;
  canvas: number;
  /** Of a hardened network: the index of the class "tampered with". */
  tampered?: number;
}

export const prepareStep = defineStep<Inputs, z.infer<typeof preparedResult>, { model: ZooModel }>({
  name: 'prepare',
  source: import.meta.url,
  isLocal: true,
  result: preparedResult,
  async run({ signal }, { canvas, tampered }, { model }) {
    const { bytes, sha256, sourceSha256 } = await prepareModel(model, canvas, signal);
    return {
      result: { sha256, sourceSha256, ...(tampered !== undefined && { tampered }) },
      files: { 'model.onnx': bytes },
    };
  },
});
