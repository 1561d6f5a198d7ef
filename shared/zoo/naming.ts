import { UsageError } from '#shared/errors';
import { GraphError } from '#shared/graph';

/**
 * Runs work on a model's graph and says of which model it was when it fails.
 * @param subject begins the message: "The model x.onnx cannot be read"
 * @throws UsageError in place of a GraphError, or of what JavaScript says of a graph that is too deep or too large
 */
export function naming<Result>(subject: string, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    if (error instanceof GraphError) throw new UsageError(`${subject}: ${error.message}`, { cause: error });
    // What is deeper or larger than JavaScript holds is the file's doing.
    if (error instanceof RangeError)
      throw new UsageError(
        `${subject}: it is nested deeper, or has larger parts, than can be held (${error.message}). The file is damaged: fetch or export it again.`,
        { cause: error },
      );
    throw error;
  }
}
