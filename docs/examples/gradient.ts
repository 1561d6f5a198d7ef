/**
 * The gradient of a photo: `shared/graph` writes it as an ONNX graph, onnxruntime runs that. Which way must pixels move
 * for the model to doubt its label? Run it with `npx node docs/examples/gradient.ts` from the root of the checkout.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { differentiate, inspect, prepare, readModel, withCrossEntropy, writeModel } from '#shared/graph';
import { argmax } from '#shared/metrics';
import { loadPhotos } from '../../batch/photos/index.ts';

const zoo = new URL('../../zoo/starter/', import.meta.url);

// Read, and look at what it is.
const model = readModel(new Uint8Array(readFileSync(new URL('models/squeezenet1_1.onnx', zoo))));
const { classes, parameters, differentiable } = inspect(model);
console.log(`${parameters} parameters, ${classes} classes, differentiable: ${differentiable}`);

// Prepare: a graph from RGB canvases [N,3,224,224] in 0..255 to logits [N,classes], preprocessing inside.
const prepared = prepare(model, {
  canvas: 224,
  inputSize: 227,
  layout: 'NCHW',
  channelOrder: 'BGR',
  range: 255,
  mean: [103.939, 116.779, 123.68],
  std: [1, 1, 1],
});

// Differentiate a loss with respect to the canvas, and write the result: plain ONNX that any onnxruntime runs.
const gradients = writeModel(differentiate(withCrossEntropy(prepared), { of: 'loss', wrt: 'canvas' }));

// Run it on one photo.
const { pixels } = await loadPhotos([fileURLToPath(new URL('photos/alpaca.jpg', zoo))], { canvas: 224 });
const canvas = new Tensor('float32', Float32Array.from(pixels), [1, 3, 224, 224]);
const session = await InferenceSession.create(gradients, { logSeverityLevel: 3 });
const run = async (image: Tensor, label: number) => {
  const results = await session.run({ canvas: image, labels: new Tensor('int64', [BigInt(label)], [1]) });
  const data = (name: string) => results[name].data as Float32Array;
  return { loss: data('loss')[0], logits: data('logits'), gradient: data('gradient') };
};
const label = argmax((await run(canvas, 0)).logits);
const { loss, gradient } = await run(canvas, label);

// One step of 2 grey levels up the gradient's sign: the fast gradient sign method (I. Goodfellow, J. Shlens, C.
// Szegedy, 2015, arXiv 1412.6572).
const moved = gradient.map((slope, i) => Math.min(255, Math.max(0, pixels[i] + 2 * Math.sign(slope))));
const after = await run(new Tensor('float32', moved, [1, 3, 224, 224]), label);
console.log(`class ${label}: loss ${loss.toFixed(3)}, after one step ${after.loss.toFixed(3)}`);
