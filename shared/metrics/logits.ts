/** A tensor of any of onnxruntime's packages, as far as it is used here. */
interface Tensor {
  readonly data: unknown;
  dispose(): void;
}

/** What makes tensors: an onnxruntime package. */
interface Runtime {
  Tensor: new (type: 'float32', data: Float32Array, dims: number[]) => Tensor;
}

/** An open prepared model: `canvas` [N,3,S,S] in, `logits` [N,K] out. */
interface Session {
  run(feeds: { readonly [input: string]: Tensor }): Promise<{ readonly [output: string]: Tensor }>;
}

/**
 * Logits [K] of each canvas [3,size,size] in 0..255, in their order, run as one batch.
 *
 * @param runtime the package that `session` was opened with
 */
export async function logitsOf(
  runtime: Runtime,
  session: Session,
  canvases: readonly Float32Array[],
  size: number,
): Promise<Float32Array[]> {
  const plane = 3 * size * size;
  const batch = new Float32Array(canvases.length * plane);
  canvases.forEach((canvas, index) => {
    batch.set(canvas, index * plane);
  });
  const input = new runtime.Tensor('float32', batch, [canvases.length, 3, size, size]);
  try {
    const { logits } = await session.run({ canvas: input });
    const values = logits.data as Float32Array;
    const classes = values.length / canvases.length;
    const rows = canvases.map((_, index) => values.slice(index * classes, (index + 1) * classes));
    logits.dispose();
    return rows;
  } finally {
    input.dispose();
  }
}
