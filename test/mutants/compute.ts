import { plantedIn } from './mutant.ts';

const canvases = 'test/compute/canvases.test.ts';
const held = 'test/compute/compute.test.ts';
const methods = 'test/attacks/methods.test.ts';

export const compute = [
  ...plantedIn('shared/images/pixels.ts', { test: canvases }, [
    [
      'fold',
      '2 * last - folded : folded',
      '2 * size - folded : folded',
      'what comes in over an edge is mirrored there',
    ],
  ]),
  ...plantedIn('shared/compute/canvases.ts', { test: canvases }, [
    ['mirror', 'flip ? size - 1 - i : i', 'flip ? size - i : i', 'a mirrored photo lies where the photo does'],
    ['moved', '- moved - centre', '+ moved - centre', 'photos move right and down'],
    [
      'rows-mirrored',
      'samples(size, zoom, down, false)',
      'samples(size, zoom, down, item.flip)',
      'mirroring leaves rows in place',
    ],
    [
      'measured-photo',
      'item.photo * length, (item.photo + 1) * length',
      '0, length',
      'the photo that is asked for is measured, and not the first',
    ],
    ['contrast-grey', '127.5 + contrast', '128 + contrast', 'contrast is about middle grey'],
    ['unclipped', 'Math.min(255, Math.max(0, out[i]))', 'out[i]', 'what a model sees is clipped'],
    ['rounded', "rule === 'rounded' ? Math.round(value) : value", 'value', 'with contrast pixels are rounded too'],
    [
      'zoomed-columns',
      'bottom * rows.share[y]',
      'bottom * (1 - rows.share[y])',
      'enlarged photos are interpolated down',
    ],
  ]),
  ...plantedIn(
    'shared/compute/compute.ts',
    { test: [held, methods], named: 'gradient|logits|photos|perturbation|class' },
    [
      [
        'sum-order',
        'gradient[i] += part.gradient[i]',
        'gradient[i] = part.gradient[i]',
        'gradients of micro-batches are added up',
      ],
      [
        'photo-bound',
        'photo >= 0 && photo < count',
        'photo >= 0 && photo <= count',
        'a photo that is not there is refused',
      ],
      [
        'v-size',
        'if (v && v.length !== length) {',
        'if (v && v.length < 0) {',
        'a perturbation of another size is refused',
      ],
      ['losses-place', 'losses.set(part.losses, offset);', 'losses.set(part.losses, 0);', 'every item has its loss'],
      [
        'repeat',
        'repeat ? cotangents.length / classes : 1',
        '1',
        'models that mix the batch get the photo once for each class',
      ],
    ],
  ),
  ...plantedIn('shared/compute/run-job.ts', { test: [held, methods], named: 'weigh|sums|class' }, [
    ['weights-ignored', 'weight * gradients[offset + j]', 'gradients[offset + j]', 'items have weights'],
    ['rows-ignored', '(job.items[item].row ?? 0) * width', 'item * width', 'an item is fed the row that it names'],
    ['table-values', 'data.subarray(row(i), row(i)', 'data.subarray(i, i', 'labels are those of the row'],
  ]),
  ...plantedIn('shared/compute/sessions.ts', { test: 'test/compute/sessions.test.ts' }, [
    [
      'sessions-kept',
      'while (this.#open.size >= this.#most)',
      'while (this.#open.size > 1000)',
      'sessions that are too many are let go',
    ],
  ]),
];
