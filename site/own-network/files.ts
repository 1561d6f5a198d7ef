/** The files that a visitor chooses or drops at once. */
import { UsageError } from '#shared/errors';
import type { ClassLabel } from '#shared/release';
import { labelsOf, largestLabelFile } from '#shared/zoo';
import type { Brought } from './protocol.ts';

/** @throws UsageError where nothing tells which file is the model */
export function sorted(files: readonly File[]): Brought & { labels: File | null } {
  const models = files.filter(({ name }) => /\.onnx$/i.test(name));
  if (models.length > 1)
    throw new UsageError(
      `${models.map(({ name }) => name).join(' and ')} are ${models.length} models. Choose one, with the files that belong to it.`,
    );
  // One file of another name is looked at all the same: what it is not is said then.
  const model = models[0] ?? (files.length === 1 ? files[0] : undefined);
  if (!model)
    throw new UsageError(
      `None of these ${files.length} files is called .onnx. Choose the model, with the files that belong to it.`,
    );
  const others = files.filter((file) => file !== model);
  const labels = others.filter(({ name }) => /\.(json|txt)$/i.test(name));
  return { model, others, labels: labels.length === 1 ? labels[0] : null };
}

/** The classes of a label file. @throws UsageError as `labelsOf`, and where it is no JSON or too large */
export async function labelsFrom(file: File): Promise<ClassLabel[]> {
  if (file.size > largestLabelFile)
    throw new UsageError(
      `The label file ${file.name} has more than ${largestLabelFile / 1e6} MB. Choose a list of names.`,
    );
  const text = await file.text();
  if (!/\.json$/i.test(file.name)) return labelsOf({ text }, file.name);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new UsageError(`The label file ${file.name} is not JSON. Correct the file, or give another.`);
  }
  return labelsOf({ json }, file.name);
}
