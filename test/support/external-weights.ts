import { writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema, StringStringEntryProtoSchema, TensorProto_DataLocation } from 'onnx-buf';

/**
 * Writes a model's bytes to `path` with every initializer moved to the weight file `location`, as exporters of large
 * models do.
 */
export function writeWithExternalWeights(path: string, model: Uint8Array, location = 'model.weights'): void {
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
  writeFileSync(path, toBinary(ModelProtoSchema, proto));
  writeFileSync(resolve(dirname(path), location), Buffer.concat(parts));
}
