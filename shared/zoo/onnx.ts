// A model from the bytes of its file, with the weight files that it names.
import { UsageError } from '#shared/errors';
import { type Model, readModel } from '#shared/graph';
import { naming } from './naming.ts';

/**
 * Reads an .onnx file with the weight files that it names.
 *
 * @param name how messages call the file
 * @param weights gives a weight file by its location, which leads nowhere but to the model's folder or below it: a
 * file from anywhere must not have other files read. It throws a UsageError where there is none.
 * @throws UsageError that names the file when it is no ONNX model, or when its weights are missing or too short
 */
export function modelOf(
  name: string,
  bytes: Uint8Array,
  weights: (location: string, subject: string) => Uint8Array,
): { model: Model; weightFiles: string[] } {
  const weightFiles: string[] = [];
  const model = naming(`The model ${name} cannot be read`, () =>
    readModel(bytes, {
      external(location) {
        weightFiles.push(location);
        const subject = `The model ${name} keeps weights in "${location}"`;
        checkLocation(location, subject);
        return weights(location, subject);
      },
    }),
  );
  return { model, weightFiles };
}

/** Ends what is said of weights that lie elsewhere. */
export const outside =
  'and weights are read from the folder of the model alone. Move the file there, or save the model as one file, for example onnx.save(model, path, save_as_external_data=False).';

/** @throws UsageError for a location that is no path below the model's folder, on whatever platform */
function checkLocation(location: string, subject: string): void {
  if (location === '' || location.includes('\0') || /^([/\\]|[a-z]:)/i.test(location))
    throw new UsageError(`${subject}, which is no path relative to the model, ${outside}`);
  if (location.split(/[/\\]/).includes('..'))
    throw new UsageError(`${subject}, which leads out of its folder, ${outside}`);
}
