import { plantedIn } from './mutant.ts';

const figures = 'test/site/figures.test.ts';
const transfer = 'test/site/transfer.test.ts';
const viewer = 'test/site/viewer.test.ts';
const made = 'test/site/made-pictures.test.ts';

/** Mistakes in the pages of the site other than the lab. */
export const pages = [
  ...plantedIn('site/charts/figure.ts', { test: figures }, [
    ['named-part', '|\\\\.\\\\w)`', ')`', 'the beginning of a longer id is no name'],
  ]),
  ...plantedIn('site/charts/kinds.ts', { test: figures }, [
    ['place-ends', 'Math.max(value, Math.min(from, to))', 'value', 'a value beyond a scale stands at its end'],
  ]),
  ...plantedIn('site/charts/figures/flow.ts', { test: figures }, [
    ['flow-merged', 'band.count += row.photos', 'band.count = row.photos', 'bands hold every photo'],
    ['flow-kept', 'row.from !== row.to', 'from !== to', 'what keeps its label has not changed'],
    ['flow-strongest', 'inFive(pair) > inFive(most)', 'inFive(pair) < inFive(most)', 'the strongest plate is shown'],
  ]),
  ...plantedIn('site/charts/figures/resistance.ts', { test: figures }, [
    ['resist-none', 'fooled === 0 ? 0', 'fooled === 1 ? 0', 'photos that resist all have a column'],
  ]),
  ...plantedIn('site/charts/figures/strength.ts', { test: figures }, [
    ['strength-sign', '(amount ?? 0) > 0', 'true', 'a flipped sign is no strength'],
  ]),
  ...plantedIn('site/tables.ts', { test: figures }, [
    ['findings-figureless', 'if (table.says === undefined) continue;', 'continue;', 'a finding needs no figure'],
    ['findings-unknown', 'if (!says && drawings.length === 0) continue;', '', 'what says and shows nothing is absent'],
  ]),
  ...plantedIn('site/transfer/order.ts', { test: transfer }, [
    ['cluster-mean', '(m * a.distances[other] + n * b.distances[other]) / (m + n)', '0', 'clusters have distances'],
    ['cluster-nearest', 'distances[other] < distances[nearest]', 'false', 'the nearest is joined first'],
  ]),
  ...plantedIn('site/transfer/matrix.ts', { test: transfer }, [
    ['matrix-less', 'points(row.ratio - row.noise)', 'points(row.ratio)', 'less noise is less noise'],
    ['matrix-spread', 'ratios.length > 1', 'ratios.length > 0', 'one seed has no spread'],
    ['matrix-recipe', ', record.crafting.photos]', ']', 'a plate from no photo is another recipe'],
    ['matrix-mean', 'means[b] - means[a]', 'means[a] - means[b]', 'the highest mean is first'],
  ]),
  ...plantedIn('site/viewer/query.ts', { test: viewer }, [
    ['viewer-null', 'Number(isLast) - Number(isFirst)', 'Number(isFirst) - Number(isLast)', 'no value stands last'],
    ['viewer-more', 'isFigure(value) && Number(value) > number', 'Number(value) > number', 'nothing is no number'],
    ['viewer-quotes', '/[",\\r\\n]/.test(text)', 'false', 'a comma in a field is quoted'],
    ['viewer-columns', 'columns.includes(column) ?', 'true ?', 'an order is by a column that is there'],
  ]),
  ...plantedIn('site/gallery/facets.ts', { test: 'test/site/gallery.test.ts' }, [
    ['facet-parts', 'counts.size > 1 ||', 'true ||', 'a facet parts the plates'],
    ['gallery-own', 'own.length > 0 ? own', 'own.length > 9 ? own', 'plates are ordered by their own networks'],
  ]),
  ...plantedIn('site/plates/words.ts', { test: 'test/site/plates.test.ts' }, [
    ['words-more', 'const more = after - before;', 'const more = after;', 'a plate is called by what it adds'],
  ]),
  ...plantedIn('site/craft/machine.ts', { test: 'test/site/craft-machine.test.ts' }, [
    ['craft-lost', 'report.lost ? broken(craft, report.says)', 'false ? craft', 'a lost runtime is started anew'],
    ['craft-in-a-row', 'restarts: craft.restarts + 1,', 'restarts: 1,', 'a craft is given up at last'],
    ['craft-kept', 'craft.result || craft.restarts', 'craft.restarts', 'what was crafted is not crafted again'],
    [
      'craft-behind',
      'const before = upTo(craft.curve, gradients);',
      'const before = craft.curve;',
      'a curve does not run back',
    ],
  ]),
  ...plantedIn('site/craft/state.ts', { test: 'test/site/craft.test.ts' }, [
    ['craft-default', 'return value === usual ? undefined : value;', 'return value;', 'a default is no change'],
  ]),
  ...plantedIn('site/craft/state.ts', { test: 'test/site/craft.test.ts' }, [
    [
      'craft-wrong-number',
      "budget') ?? usualGradients",
      "gradients') ?? usualGradients",
      'an address keeps its budget',
    ],
    [
      'craft-drawn',
      "photos.length > 0 ? 'release'",
      "photos.length >= 0 ? 'release'",
      'without photos pictures are drawn',
    ],
  ]),
  ...plantedIn('site/craft/machine.ts', { test: 'test/site/craft-machine.test.ts' }, [
    [
      'craft-cancelled',
      'if (!craft.progress) return',
      'if (craft.result) return',
      'before its first step a craft is cancelled',
    ],
    ['craft-last-point', '|| done >= total', '', 'a curve has its last point'],
    ['craft-late', 'return isLate ? craft :', 'return false ? craft :', 'a late loading is not shown'],
  ]),
  ...plantedIn('site/craft/divide.ts', { test: 'test/site/craft-worker.test.ts' }, [
    ['craft-alike', '.filter((index) => !like.has(index))', '', 'what looks like a crafting photo is not held out'],
    ['craft-quarter', 'names.length / 4', 'names.length / 400', 'a side with few photos gets half'],
    ['craft-place', 'crafting + index', 'index', 'the photo that looks like another is left out, not its neighbour'],
  ]),
  ...plantedIn('site/craft/pace.ts', { test: 'test/site/craft-worker.test.ts' }, [
    ['pace-first', '(gradients - this.#first.done)', 'gradients', 'what was done before does not count as speed'],
    ['pace-often', 'now - this.#told < TELL_MS && !isLast', 'false', 'it tells some times a second'],
  ]),
  ...plantedIn('site/craft/looking.ts', { test: 'test/site/craft-worker.test.ts' }, [
    ['looking-share', 'this.spent <= SHARE *', 'this.spent <=', 'looking takes a small part of the time'],
    ['looking-crafting', 'after.slice(0, count)', 'after', 'held-out photos alone are counted'],
  ]),
  ...plantedIn('site/craft/order.ts', { test: 'test/site/craft.test.ts' }, [
    [
      'order-canvas',
      'canvas === data.canvas && fit === data.fit ? data.models : []',
      'data.models',
      'another canvas has no others',
    ],
    ['order-own', 'id !== network.id', 'id.length > 0', 'the own network is none of the others'],
    ['order-usual', 'state.epsilon ?? usual', 'usual', 'epsilon is what was chosen'],
  ]),
  ...plantedIn('site/own-network/proposal.ts', { test: 'test/site/own-network.test.ts' }, [
    ['own-bgr', "channelOrder === 'BGR' ? values.toReversed() : values", 'values', 'fields are red, green, blue'],
    ['own-suggested', 'place >= 0', 'place > 0', 'what the file suggests is no second way'],
    ['own-two', 'classes.size === 1 &&', 'classes.size >= 1 &&', 'a photo of two classes is left out'],
    ['own-spread', '(i * known.length) / MOST', 'i', 'photos are from everywhere'],
    ['own-std', '!(value > 0)', 'value === 0', 'a negative std is refused'],
  ]),
  ...plantedIn('site/craft/words.ts', { test: 'test/site/craft-machine.test.ts' }, [
    ['craft-noise', 'fooling.ratio > noise.ratio && p < 0.05', 'fooling.ratio > noise.ratio', 'chance is no fooling'],
  ]),
  ...plantedIn('site/photos/readings.ts', { test: 'test/site/photos.test.ts' }, [
    ['photo-resists', 'if (fooled === 0)', 'if (fooled === 1)', 'a photo that resists is said to'],
  ]),
  ...plantedIn('site/pictures.ts', { test: made }, [
    ['small-crop', 'isPhoto ? canvasToRgba', 'false ? canvasToRgba', 'a small photo is the crop of networks'],
    ['small-other', '    return bytes;', '    throw new Error();', 'what is no picture ends no build'],
  ]),
  ...plantedIn('site/social.ts', { test: made }, [
    ['social-place', '((y + top) * to.width + left)', '(y * to.width)', 'pictures stand in a row on paper'],
    ['icon-middle', 'row === 1 && column === 1', 'row === 2 && column === 1', 'the middle of the mark is red'],
  ]),
];
