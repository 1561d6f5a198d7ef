import { plantedIn } from './mutant.ts';

const held = 'test/photos/photos.test.ts';

export const photos = [
  ...plantedIn('shared/photos/split.ts', { test: held }, [
    ['split-threshold', "[0] < '8'", "[0] < '7'", 'photos whose hash begins with 7 craft'],
    [
      'split-inclusive',
      "(sha256Hex(first)[0] < '8'",
      "(sha256Hex(first)[0] <= '8'",
      'photos whose hash begins with 8 evaluate',
    ],
    ['split-sides', 'crafting : evaluation).push', 'evaluation : crafting).push', 'the lower half crafts'],
    ['split-path', "?? name.slice(name.lastIndexOf('/') + 1)", '?? name', 'the folder of a photo does not matter'],
    ['split-groups', 'groups?.get(name) ?? ', '', 'photos of one thing stay on one side'],
    [
      'hash-order',
      '(a.hash < b.hash ? -1 : 1)',
      '(a.name < b.name ? -1 : 1)',
      'examples come in an order that nobody chose',
    ],
  ]),
  ...plantedIn('batch/photos/load.ts', { test: held }, [
    [
      'load-half',
      ' && (!half || splitPhotos([name], groups)[half].length > 0)',
      '',
      'only the half that is asked for is loaded',
    ],
    [
      'load-half-groups',
      'splitPhotos([name], groups)[half]',
      'splitPhotos([name])[half]',
      'groups count when a half is loaded',
    ],
    ['strict', 'if (options.strict) {', 'if (false) {', 'strict makes an unreadable photo an error'],
    ['npy-place', 'pixels.set(data, names.length * plane);', 'pixels.set(data, 0);', 'canvases come after photos'],
  ]),
  ...plantedIn('shared/photos/identity.ts', { test: held }, [
    ['set-hash-order', 'text(names[index])', 'text(String(index))', 'the identity of a set has its names'],
    [
      'set-hash-pixels',
      ', pixels.subarray(index * plane, (index + 1) * plane)]',
      ']',
      'the identity of a set has its pixels',
    ],
  ]),
  ...plantedIn('shared/photos/alike.ts', { test: held }, [
    [
      'alike-down',
      'for (const next of [1, cells])',
      'for (const next of [1, 1])',
      'a fingerprint looks across and down',
    ],
    ['alike-near', 'const near = 12;', 'const near = 24;', 'photos of two things differ in 18 bits'],
    ['alike-even', '< 4) return null;', '< 0) return null;', 'a picture without anything in it has no fingerprint'],
    ['alike-null', ' && b[k] !== null)', ')', 'nothing looks like a picture without a fingerprint'],
  ]),
  ...plantedIn('batch/photos/npy.ts', { test: held }, [
    ['npy-unit', 'if (largest <= 1) {', 'if (largest < 0) {', 'pixels in 0..1 are refused, not read as black'],
    ['npy-rounded', 'Math.round(data[i])', 'Math.ceil(data[i])', 'float canvases are rounded to the nearest'],
  ]),
  ...plantedIn('batch/photos/groups.ts', { test: held }, [
    ['group-first', 'groups.set(name, names[0]);', 'groups.set(name, name);', 'a group is told by its first photo'],
  ]),
  ...plantedIn('batch/studies/photos.ts', { test: held }, [
    [
      'stamp-modified',
      'before.bytes === bytes && before.modified === modified',
      'before.bytes === bytes',
      'a photo that was changed and has the same size is read again',
    ],
    ['stamp-hash', 'isSame ? before :', 'before ? before :', 'a photo that was changed is read again'],
  ]),

  ...plantedIn('batch/photos/load.ts', { test: held }, [
    ['skipped-place', 'names.length * 3 * canvas', 'index * 3 * canvas', 'a photo that is skipped leaves no gap'],
  ]),
  ...plantedIn('batch/studies/photos.ts', { test: held }, [
    [
      'half-files',
      'split?.[half].map((index) => all[index]) ?? all',
      'all',
      'evaluation photos are not of the crafting half',
    ],
    [
      'halves-groups',
      'splitPhotos(names, await groupsOf(source, names))',
      'splitPhotos(names)',
      'a study keeps groups on one side',
    ],
  ]),
];
