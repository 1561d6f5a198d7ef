// How the image lies in a classifier's input: which axis is what, how many channels, how large. `inspect`, `prepare`
// and whoever writes a card ask here, so that they all say the same.
import type { Preprocessing } from '../release/model-card.ts';
import { withInputShape } from './batch.ts';
import { GraphError } from './errors.ts';
import { isWhole } from './float-input.ts';
import type { Dim, Model, Value } from './model.ts';

/** What is said of an input besides what its file tells. */
export type InputSaid = Partial<Pick<Preprocessing, 'inputSize' | 'inputWidth' | 'layout' | 'channels'>>;

export interface InputForm {
  name: string;
  layout: Preprocessing['layout'];
  channels: NonNullable<Preprocessing['channels']>;
  height: number;
  width: number;
  /** Sizes of one image as the file has it: [3,h,w], [h,w,3], [h,w], or [values] where it is flat. */
  axes: number[];
  /** As many as the file was exported for, or a name. */
  batch: Dim;
  /** Neither the file nor what is said tells the size: `usualSize` is taken. */
  assumed: boolean;
}

/** Height and width where nobody says them. */
export const usualSize = 224;

/** Begins what is wrong with a model at that size. */
export const triedAt = `The file leaves its input's size open, and ${usualSize} pixels were tried (another size may be said):`;

/** One way to lay out an image. */
interface Reading {
  layout: Preprocessing['layout'];
  /** Four: RGBA, which is known and refused. */
  planes: 3 | 1 | 4;
  axes(height: number, width: number): number[];
  /** What sizes that are declared mean; undefined where they cannot be meant so. A name is a size that is open. */
  sides(declared: readonly Dim[]): [Dim, Dim] | undefined;
  /** Whether the file fixes what tells this reading from others. */
  isCertain(declared: readonly Dim[]): boolean;
}

const is = (dim: Dim, size: number) => typeof dim === 'string' || dim === size;

const readings: readonly (Reading & { rank: number })[] = ([3, 1, 4] as const).flatMap((planes) => [
  {
    ...{ rank: 4, planes, layout: 'NCHW' as const },
    axes: (height, width) => [planes, height, width],
    sides: ([c, height, width]) => (is(c, planes) ? [height, width] : undefined),
    isCertain: ([c]) => c === planes,
  },
  {
    ...{ rank: 4, planes, layout: 'NHWC' as const },
    axes: (height, width) => [height, width, planes],
    sides: ([height, width, c]) => (is(c, planes) ? [height, width] : undefined),
    isCertain: ([, , c]) => c === planes,
  },
  // A grey image without an axis for its channel.
  ...(planes === 1
    ? [
        {
          ...{ rank: 3, planes, layout: 'NCHW' as const },
          axes: (height: number, width: number) => [height, width],
          sides: ([height, width]: readonly Dim[]): [Dim, Dim] => [height, width],
          isCertain: () => true,
        },
      ]
    : []),
  ...(['NCHW', 'NHWC'] as const).map((layout) => ({
    ...{ rank: 2, planes, layout },
    axes: (height: number, width: number) => [planes * height * width],
    sides: ([values]: readonly Dim[]): [Dim, Dim] | undefined => {
      if (typeof values === 'string') return [values, values];
      const side = Math.sqrt(values / planes);
      return Number.isInteger(side) ? [side, side] : undefined;
    },
    isCertain: ([values]: readonly Dim[]) => typeof values === 'number',
  })),
]);

/**
 * The form of a model's input. Where the file leaves open what an axis is, the first reading is taken of which no node
 * says that it contradicts the model.
 *
 * @throws GraphError in words when the input is no image that a canvas can become, or is not as it is said to be
 */
export function inputForm(model: Model, said: InputSaid = {}): InputForm {
  const input = onlyInput(model);
  const [batch, ...declared] = input.shape ?? [];
  const name = `The model's input "${input.name}"`;
  const shape = `has shape [${input.shape ?? 'unknown'}]`;
  const fitting = readings.filter(
    ({ rank, sides }) => rank === input.shape?.length && (rank !== 3 || hasBatch(input.shape)) && sides(declared),
  );
  if (fitting.length === 0) throw new GraphError(`${name} ${shape}, ${whatElse(declared, input.shape)}`);
  const wanted = fitting.filter(
    ({ layout, planes, rank }) =>
      (rank === 3 || layout === (said.layout ?? layout)) &&
      planes === (said.channels === undefined ? planes : said.channels === 'grey' ? 1 : 3),
  );
  if (wanted.length === 0) throw new GraphError(`${name} ${shape}, ${contradiction(fitting[0], declared, said)}`);

  // Sizes that the file fixes tell more than those that may be anything.
  const certain = wanted.filter(({ isCertain }) => isCertain(declared));
  const forms = (certain.length > 0 ? certain : wanted).map((reading) => ({
    reading,
    ...sized(reading, declared, said),
  }));
  // Of two readings, one of a square is likelier.
  forms.sort((a, b) => Number(a.height !== a.width) - Number(b.height !== b.width));
  const { reading, height, width, assumed } = agreeing(model, batch, forms);
  if (reading.planes === 4) throw new GraphError(`${name} ${shape}, ${rgba}`);
  const { inputSize, inputWidth = inputSize } = said;
  if (inputSize !== undefined && (height !== inputSize || width !== inputWidth))
    throw new GraphError(
      `${name} ${shape}, which is ${height} x ${width} pixels (height x width), not ${inputSize} x ${inputWidth}. ${
        height === width ? 'Correct the size.' : 'It is not square: say both sides, as in 240x320.'
      }`,
    );
  return {
    ...{ name: input.name, layout: reading.layout, channels: reading.planes === 1 ? 'grey' : 'colour' },
    ...{ height, width, axes: reading.axes(height, width), batch, assumed },
  };
}

/** Of three axes, whether the first is the batch: not in [3,H,W] or [H,W,3], which are one image. */
const hasBatch = ([batch, , last]: readonly Dim[]): boolean =>
  (typeof batch === 'string' || batch === 1) && (typeof last === 'string' || last > 4);

type Form = Pick<InputForm, 'height' | 'width' | 'assumed'> & { reading: Reading };

function sized(
  { sides }: Reading,
  declared: readonly Dim[],
  said: InputSaid,
): Pick<InputForm, 'height' | 'width' | 'assumed'> {
  const [height, width] = sides(declared) as [Dim, Dim];
  const { inputSize = usualSize, inputWidth = inputSize } = said;
  return {
    height: typeof height === 'number' ? height : inputSize,
    width: typeof width === 'number' ? width : inputWidth,
    assumed: said.inputSize === undefined && (typeof height === 'string' || typeof width === 'string'),
  };
}

/** The first form whose sizes go through the whole model. */
function agreeing(model: Model, batch: Dim, forms: readonly Form[]): Form {
  if (forms.length === 1) return forms[0];
  let first: GraphError | undefined;
  for (const form of forms) {
    try {
      withInputShape(model, [batch, ...form.reading.axes(form.height, form.width)]);
      return form;
    } catch (error) {
      if (!(error instanceof GraphError)) throw error;
      first ??= error;
    }
  }
  const { message, operator, node } = first as GraphError;
  throw new GraphError(forms[0].assumed ? `${triedAt} ${message}` : message, { operator, node });
}

function onlyInput(model: Model): Value {
  const [input, ...others] = model.inputs;
  if (!input || others.length > 0) {
    throw new GraphError(
      `The model has ${model.inputs.length} inputs (${model.inputs.map(({ name }) => name).join(', ')}), but a classifier of images has one. Export it with the image alone.`,
    );
  }
  if (input.type !== 'float32' && !isWhole(input.type))
    throw new GraphError(
      `The model's input "${input.name}" is ${input.type}, but only images of float32 or of whole pixel values can be differentiated. Export it for float32.`,
    );
  return input;
}

/** What a shape is that is none of an image's. */
function whatElse(declared: readonly Dim[], shape: readonly Dim[] | undefined): string {
  const images = 'An image is [N,3,H,W] or [N,H,W,3], grey with 1 in place of 3, or flat';
  if (shape === undefined) return `not that of images. ${images}: export it with a declared shape.`;
  if (shape.length === 3)
    return `which has no axis for the batch, or none for the channels. ${images}: export it with a batch.`;
  if (shape.length === 4)
    return `of which no axis has three channels (RGB) or one (grey). ${images}: is this a classifier of pictures?`;
  if (shape.length === 2)
    return `and ${declared[0]} values are no square of one channel (grey) or of three (RGB). Is this a classifier of pictures?`;
  return `not that of images. ${images}.`;
}

/** How a file departs from what is said of it. */
function contradiction(reading: Reading, declared: readonly Dim[], said: InputSaid): string {
  const { layout, planes } = reading;
  if (planes === 4) return rgba;
  if (said.layout !== undefined && said.layout !== layout) {
    const { height, width } = sized(reading, declared, said);
    const [size, meant] = [
      height === width ? height : `${height} x ${width}`,
      layout === 'NHWC' ? [planes, height, width] : [height, width, planes],
    ];
    return `but ${said.layout} at size ${size} means [N,${meant}]: its channels come ${layout === 'NCHW' ? 'first (NCHW)' : 'last (NHWC)'}. Correct size or layout.`;
  }
  return planes === 1
    ? 'which is one channel (grey), not three: a card says so with "channels": "grey", and one mean and std.'
    : 'which is three channels (colour), not one: leave "channels": "grey" out, and give three means and stds.';
}

const rgba = 'which is four channels (RGBA), and canvases have three, without transparency. Export the model for RGB.';
