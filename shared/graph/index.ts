/**
 * ONNX in, ONNX out: read and write models, infer shapes, fold constants, prepare classifiers, compose losses,
 * differentiate. Nothing here runs a model, and nothing needs a platform. Everything that goes wrong is a `GraphError`.
 *
 * @example
 * const prepared = prepare(readModel(bytes), { ...card.preprocessing, canvas: 224 });
 * const gradients = differentiate(withCrossEntropy(prepared), { of: 'loss', wrt: 'canvas' });
 * const file = writeModel(gradients); // canvas, labels -> loss, logits, gradient
 */

export { freeBatch, withInputShape } from './batch.ts';
export { comparedNumbers, withComparison } from './comparison.ts';
export { type Defence, type Placement, withDefence } from './defences/index.ts';
export { type DifferentiateOptions, differentiate, keepsBatchApart } from './differentiate.ts';
export { GraphError } from './errors.ts';
export { withFloatInput } from './float-input.ts';
export { foldConstants } from './fold.ts';
export { fileForGpu } from './gpu.ts';
export { chooseScores, type OutputSaid } from './head.ts';
export type { ImageInput, PreprocessingGuess } from './image-input.ts';
export { type InputForm, type InputSaid, inputForm } from './input-form.ts';
export { type Inspection, inspect, type Said } from './inspect.ts';
export { type Layer, layersOf, withActivationEnergy, withActivationRatio } from './layers.ts';
export { withCosine, withCotangent, withCrossEntropy, withMargin } from './losses.ts';
export { whereImagesMix } from './mixing.ts';
export type { Attribute, Dim, Model, Node, Value, ValueType } from './model.ts';
export { renamedNode, setAside } from './names.ts';
export { type Place, statisticPlaces } from './places.ts';
export { classifierOf, prepare } from './prepare.ts';
export { type ExternalData, readModel, writeModel } from './protobuf/index.ts';
export { scalingOf, withScaling } from './scaling.ts';
export { inferShapes } from './shapes.ts';
export {
  type Detector,
  statisticsOf,
  storedWeights,
  withExtraClass,
  withStatistics,
} from './statistics.ts';
export type { ElementType, Tensor, TensorData } from './tensor.ts';
