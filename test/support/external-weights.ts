import { writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema, StringStringEntryProtoSchema, TensorProto_DataLocation } from 'onnx-buf';

/** A model's bytes with every initializer moved to the weight file `location`, as exporters of large models do. */
export function withExternalWeights(
  model: Uint8Array,
  location = 'model.weights',
): { bytes: Uint8Array<ArrayBuffer>; weights: Uint8Array<ArrayBuffer> } {
  const proto = fromBinary(ModelProtoSchema, model);
  const parts: Uint8Array[] = [];
  let offset = 0;
  for (const tensor of proto.graph!.initializer) {
    parts.push(tensor.rawData);
    tensor.dataLocation = TensorProto_DataLocation.EXTERNAL;
    tensor.externalData = Object.entries({ location, offset, length: tensor.rawData.length }).map(([key, value]) =>
      create(StringStringEntryProtoSchema, { key, value: String(value) }),
    );
    offset += tensor.rawData.length;
    tensor.rawData = new Uint8Array();
  }
  return { bytes: toBinary(ModelProtoSchema, proto), weights: new Uint8Array(Buffer.concat(parts)) };
}

/** Writes such a model to `path`, and its weights to `location` beside it. */
export function writeWithExternalWeights(path: string, model: Uint8Array, location = 'model.weights'): void {
  const { bytes, weights } = withExternalWeights(model, location);
  writeFileSync(path, bytes);
  writeFileSync(resolve(dirname(path), location), weights);
}
