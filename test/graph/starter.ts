import { readFileSync } from 'node:fs';
import { type Model, readModel } from '#shared/graph';
import type { Preprocessing } from '#shared/release';

/** A classifier that ships with the project, as its file is, and how it wants its pixels. */
export function starter(id: string): { model: Model; spec: Preprocessing; parameters: number } {
  const folder = new URL('../../zoo/starter/models/', import.meta.url);
  const card = JSON.parse(readFileSync(new URL(`${id}.json`, folder), 'utf8'));
  return {
    model: readModel(new Uint8Array(readFileSync(new URL(`${id}.onnx`, folder)))),
    spec: {
      inputSize: card.inputSize,
      mean: card.mean255,
      std: card.std255,
      channelOrder: card.channelOrder,
      layout: card.layout,
      range: 255,
    },
    parameters: card.parameters,
  };
}
