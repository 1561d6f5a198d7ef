// The vector-Jacobian product of a file from anywhere. Called in a child process: arguments and results are plain data.
import { report } from '../children/index.ts';
import { readOnnx } from './onnx.ts';
import { type Floats, type Product, vectorJacobianProduct } from './vjp.ts';

export async function vjp(file: string, input: Floats, cotangent: Floats, threads: number): Promise<Product> {
  const { model } = await readOnnx(file);
  return vectorJacobianProduct(file, model, input, cotangent, {
    threads,
    onProgress: (from, to, all) => report(`Images ${from} to ${to} of ${all}`),
  });
}
