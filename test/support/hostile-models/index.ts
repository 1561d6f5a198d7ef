/** Model files that somebody might send who means harm: kinds, by sizes. */
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema } from 'onnx-buf';
import { random } from '#shared/synthetic';
import { classifier, type Draw, type Kind, node } from './file.ts';
import { folding } from './folding.ts';
import { structure } from './structure.ts';

export { classes, side } from './file.ts';

const sound = () => classifier({ nodes: [node('Relu', ['x'], ['c'])] });

/** Bytes that are no model any more. */
const bytes: Record<string, Kind> = {
  'bytes changed anywhere, or cut': ({ draw }) => {
    const file = sound().slice();
    for (let i = draw.below(8); i >= 0; i--) file[draw.below(file.length)] = draw.below(256);
    return draw.below(3) === 0 ? file.slice(0, draw.below(file.length)) : file;
  },
  'lengths that lie, and groups in groups': ({ draw, size }) => {
    const start = draw.of([[0x3a, 0xff, 0xff, 0xff, 0xff, 0x0f], [0x0b], [0x3a, 0x80], [0x08, 0xff], []]);
    return Uint8Array.from({ length: size }, (_, i) => start[i % Math.max(1, start.length)] ?? draw.below(256));
  },
  'a tensor that claims more than it has': ({ draw }) => {
    const proto = fromBinary(ModelProtoSchema, sound());
    const tensor = proto.graph!.initializer[0];
    tensor.dims = [1n, 3n, 8n, 8n].map((dim) => draw.of([dim, 0n, -1n, 2n ** 20n, 2n ** 40n, 2n ** 62n]));
    tensor.dataType = draw.below(24);
    if (draw.below(2)) tensor.rawData = new Uint8Array(0);
    return toBinary(ModelProtoSchema, proto);
  },
};

export const kinds: Record<string, Kind> = { ...folding, ...structure, ...bytes };

/** One file of a kind. The same kind and seed make the same one. */
export function hostileModel(kind: string, seed: number): Uint8Array {
  const lots = random(seed, kind);
  const draw: Draw = { below: (limit) => lots.below(limit), of: (list) => list[lots.below(list.length)] };
  const power = (most: number) => Math.floor(2 ** (lots.below(most * 8) / 8));
  return kinds[kind]({ draw, size: power(18), length: power(14) });
}
