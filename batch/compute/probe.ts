// Run as a process of its own by providers.ts: does a provider work on this machine? Prints "ok", or why not.
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { type Model, writeModel } from '#shared/graph';

const relu: Model = {
  irVersion: 8,
  opset: 17,
  domains: {},
  producer: 'perturbation-atlas',
  name: 'probe',
  inputs: [{ name: 'x', type: 'float32', shape: [4] }],
  outputs: [{ name: 'y', type: 'float32', shape: [4] }],
  constants: new Map(),
  nodes: [{ operator: 'Relu', domain: '', name: 'relu', inputs: ['x'], outputs: ['y'], attributes: {} }],
  metadata: {},
};

try {
  const session = await InferenceSession.create(new Uint8Array(writeModel(relu)), {
    executionProviders: [process.argv[2]],
    logSeverityLevel: 4,
  });
  const { y } = await session.run({ x: new Tensor('float32', new Float32Array([-1, 2, -3, 4]), [4]) });
  const right = [0, 2, 0, 4].every((value, i) => (y.data as Float32Array)[i] === value);
  process.stdout.write(right ? 'ok\n' : 'it computes wrong numbers\n');
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  // onnxruntime puts the place in its own source before what went wrong.
  process.stdout.write(`${message.replace(/^\/onnxruntime_src\S+ /, '').split('\n')[0]}\n`);
}
process.exit(0);
