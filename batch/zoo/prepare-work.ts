// What a card prepares its model to. Called in a child process (see prepare.ts), in a module of its own: what a
// prepared model depends on is the code that is reached from here.
import { prepare, writeModel } from '#shared/graph';
import { preparationOf } from '#shared/release';
import { naming } from '#shared/zoo';
import type { ZooModel } from './cards.ts';
import { hashOf, modelPath, readModelBytes } from './files.ts';
import { readOnnx } from './onnx.ts';

export interface PreparedModel {
  /** ONNX: canvas [N,3,S,S] in, logits [N,K] out, any N. */
  bytes: Uint8Array;
  sha256: string;
  /** Of the file it was made from. */
  sourceSha256: string;
}

/** What a card prepares its model to. */
export async function prepareCard(model: ZooModel, canvas: number): Promise<PreparedModel> {
  const source = await readModelBytes(model);
  const { model: graph } = await readOnnx(modelPath(model), source);
  const bytes = naming(`The model ${model.card.id} cannot be prepared as its card says`, () =>
    writeModel(prepare(graph, { ...preparationOf(model.card), canvas })),
  );
  return { bytes, sha256: hashOf(bytes), sourceSha256: hashOf(source) };
}
