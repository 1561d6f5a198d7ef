/** What a model file is, in words. */
import { megabytes } from '#shared/errors';
import type { ImageInput, Inspection } from '#shared/graph';

/** Nodes in the way that are named to people. */
const mostNamed = 20;

/** The file that was inspected, besides its graph. */
export interface InspectedFile {
  bytes: number;
  /** Names of the weight files beside it. */
  weightFiles: readonly string[];
}

/** A fact of a model: what it is of, "" where it goes on from the one before, and what is so. */
export type Fact = readonly [name: string, text: string];

/** What `inspect` found of a file, as lines of a name and a text. */
export function describeModel(found: Inspection, { bytes, weightFiles }: InspectedFile): Fact[] {
  const { input, output, preprocessing, missing } = found;
  const operators = Object.entries(found.operators)
    .sort(([, a], [, b]) => b - a)
    .map(([name, count]) => `${count} ${name}`);
  const once = found.needs.length > 0 ? ', once it is said how large its input is' : '';
  return [
    [
      'file',
      `${[megabytes(bytes), ...weightFiles.map((name) => `weights in ${name}`)].join(', ')}${found.producer && `, by ${found.producer}`}`,
    ],
    ['input', `${input.name} ${input.type} [${input.shape.join(', ')}]${inWords(input)}`],
    [
      'output',
      `${output.name} [${output.shape.join(', ')}]${found.classes === null ? '' : `, ${found.classes} classes`}`,
    ],
    [
      'preprocessing',
      preprocessing
        ? `probably ${preprocessingText(preprocessing)}: ${preprocessing.reason}`
        : 'unknown: the input is no image',
    ],
    [
      'parameters',
      `${found.parameters.toLocaleString('en')}${found.quantised ? ` (${found.quantised} quantised)` : ''}`,
    ],
    ['operations', found.flops === null ? 'unknown' : `${(found.flops / 1e9).toPrecision(3)} GFLOPs an image`],
    ['operators', `${operators.join(', ')} (operator set ${found.opset})`],
    ['can be prepared', found.preparable ? `yes${once}` : `no: ${found.reason}`],
    ['can be differentiated', found.differentiable ? 'yes' : `no: ${found.gradientReason}`],
    ['images of a batch', found.imagesMix === null ? 'each go their own way' : 'influence each other'],
    ['can be crafted on', found.craftable ? `yes${once}` : `no: ${found.craftReason}`],
    ...missing.slice(0, mostNamed).map(({ operator, node }): Fact => ['', `in the way: ${operator} node "${node}"`]),
    ...(missing.length > mostNamed ? [['', `and ${missing.length - mostNamed} more nodes`] as const] : []),
  ];
}

function inWords({ layout, size, height, width, channels, batch }: ImageInput): string {
  const sides = size === null ? height && `${height} x ${width} pixels (height x width)` : `${size} pixels`;
  const facts = [layout, channels === 1 && 'grey', sides, batch === 'any' ? 'any batch' : `batch fixed to ${batch}`];
  return `, ${facts.filter(Boolean).join(', ')}`;
}

function preprocessingText({ mean, std, range, channelOrder }: NonNullable<Inspection['preprocessing']>): string {
  return `(${channelOrder} in 0..${range} - [${mean.join(', ')}]) / [${std.join(', ')}]`;
}
