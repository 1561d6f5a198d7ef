import { plantedIn } from './mutant.ts';

const e2e = 'test/e2e/site.test.ts';
const words = 'test/site/words.test.ts';
const e2eLab = 'test/e2e/lab.test.ts';
const remembering = 'test/site/lab.test.ts';
const machine = 'test/site/lab-machine.test.ts';
const published = 'test/site/lab-published.test.ts';
const wall = 'test/site/wall.test.ts';
const hostile = ['test/site/hostile-release.test.ts', 'test/site/release.test.ts'];

export const site = [
  ...plantedIn('site/format.ts', { test: words }, [
    ['percent', '(ratio * 100).toFixed(digits)', '(ratio * 10).toFixed(digits)', 'a ratio is shown in percent'],
    ['interval', '(low * 100).toFixed(digits)', '(high * 100).toFixed(digits)', 'an interval has two ends'],
    ['bytes', 'if (size < 1e6)', 'if (size < 1e7)', 'a megabyte is shown as one'],
    ['link-protocol', '!/^https?:$/.test(url.protocol)', 'false', 'only addresses of the web become links'],
  ]),
  ...plantedIn('site/findings.ts', { test: words }, [
    [
      'own-ratios',
      'crafted.flatMap((plate) => plate.own.map',
      'plates.flatMap((plate) => plate.record.fooling.evaluation.map',
      'the ratios on the own network are those on the own network',
    ],
    [
      'carried',
      '!entry.surrogates.includes(target)),',
      'entry.surrogates.includes(target)),',
      'carried over is to another network',
    ],
    ['clear', 'row.low > row.noise_high', 'row.ratio > row.noise_high', 'clear is where the intervals do not overlap'],
    [
      'beaten',
      '({ beatsAll }) => !beatsAll',
      '({ beatsAll }) => beatsAll',
      'what is not higher than every control is told',
    ],
    [
      'same-photos',
      'if (photos.length === 1)',
      'if (photos.length > 0)',
      'every cell is measured on the same photos, where it is',
    ],
    ['span-low', 'Math.min(...ratios), 0', 'Math.max(...ratios), 0', 'a span begins with the lowest'],
  ]),
  ...plantedIn('site/charts/colour.ts', { test: words }, [
    ['contrast', '>= 1.05 / (luminance + 0.05)', '< 1.05 / (luminance + 0.05)', 'ink can be read on its colour'],
    ['luminance', 'c <= 0.04045 ? c / 12.92', 'c <= 1 ? c / 12.92', 'luminance is not linear in the value'],
  ]),
  ...plantedIn('site/release.ts', { test: hostile, named: 'a release that means harm|its plates|one whose manifest' }, [
    [
      'release-hash',
      'if (sha256Hex(text) !== pointer.manifest.sha256) {',
      'if (false) {',
      'the manifest is the one that latest.json names',
    ],
    [
      'release-keys',
      'const wrong = keys.find((key) => !isSafeKey(key))',
      'const wrong = undefined',
      'no key of a stranger leads out of its folder',
    ],
    [
      'release-own',
      'record.fooling.evaluation.filter(({ target }) => entry.surrogates.includes(target))',
      'record.fooling.evaluation',
      'own rows are those on the own networks',
    ],
  ]),
  ...plantedIn('site/json-ld.ts', { test: 'test/site/release.test.ts' }, [
    [
      'croissant-served',
      'posix.join(releasePrefix(manifest.version), relative)',
      'relative',
      'addresses are those under which files are served',
    ],
  ]),
  ...plantedIn('site/reference.ts', { test: words }, [
    ['reference-required', 'required: required.has(name)', 'required: true', 'what may be left out is told'],
    ['reference-answers', 'Number(status) < 400', 'Number(status) < 500', 'problems are no answers'],
  ]),
  ...plantedIn('site/lab-data.ts', { test: words }, [
    [
      'lab-edge',
      'manifest.models.filter(({ edge }) => edge)',
      'manifest.models',
      'only models of the edge are offered',
    ],
    ['lab-start', 'sure(b) - sure(a)', 'sure(a) - sure(b)', 'the first photo is one that is fooled'],
    [
      'lab-published',
      'filter(({ photo }) => published.has(photo))',
      'filter(() => true)',
      'only published photos are shown',
    ],
  ]),
];

/** What runs in the visitor's browser. */
export const lab = [
  ...plantedIn('site/lab/state.ts', { test: remembering }, [
    [
      'strength-most',
      'Math.min(Math.max(strength, 0), strongest)',
      'Math.max(strength, 0)',
      'no strength beyond the slider',
    ],
    ['unknown-id', 'ids.some((item) => item.id === id)', 'true', 'an id that is none is as at the start'],
    [
      'own-photo',
      " && !(name === 'photo' && isOwnPhoto(state.photo))",
      '',
      'no address names the photo that a visitor brought',
    ],
    [
      'where',
      "places.find((place) => place === asked.get('where'))",
      'places.find((place) => place === undefined)',
      'the address says who answers',
    ],
    ['query-empty', "query.size > 0 ? `?${query}` : ''", '`?${query}`', 'the address of the start has no query'],
  ]),
  ...plantedIn('site/runtime/remember.ts', { test: remembering }, [
    [
      'failure-kept',
      'found.catch(() => kept.get(key) === found && kept.delete(key));',
      'found.catch(() => {});',
      'a failure is not kept',
    ],
    ['remember-limit', 'if (kept.size <= limit) break;', 'break;', 'so many results are kept'],
    ['remember-used', '    kept.delete(key);', '', 'what was asked for last goes last'],
    ['remember-once', 'kept.get(key) ?? make(key)', 'make(key)', 'several calls at once make it once'],
  ]),
  ...plantedIn('site/runtime/download.ts', { test: remembering }, [
    ['download-place', 'offset += chunk.byteLength;', 'offset += 0;', 'pieces come one after the other'],
    [
      'download-status',
      'if (!response.ok || !response.body)',
      'if (!response.body)',
      'an answer that says no is no file',
    ],
    ['download-total', 'state.total = state.loaded;', '', 'a download that is through is shown as through'],
  ]),
  ...plantedIn('site/lab/pictures.ts', { test: e2eLab, named: 'breaks the' }, [
    [
      'compose-strength',
      'applyPerturbation(clean, v, strength)',
      'applyPerturbation(clean, v)',
      'the slider scales the perturbation',
    ],
  ]),
  ...plantedIn('site/lab/machine.ts', { test: machine }, [
    [
      'fooled',
      'return before.index !== perturbed[0].index;',
      'return before.probability !== perturbed[0].probability;',
      'fooled is where the label changes',
    ],
    [
      'late-answer',
      "if (event.asked !== lab.asked || lab.phase !== 'waiting') return lab;",
      "if (lab.phase !== 'waiting') return lab;",
      'an answer to an older question is not shown',
    ],
    [
      'late-progress',
      "if (event.asked !== lab.asked || lab.phase !== 'waiting') return lab;",
      'if (event.asked !== lab.asked) return lab;',
      'nothing late writes over a failure',
    ],
    ['both', 'lab.picture && lab.reading', 'lab.reading', 'a label without its picture is no answer'],
    [
      'failed-reading',
      "phase: 'failed', reading: null, before: null,",
      "phase: 'failed', before: null,",
      'a failure clears the reading',
    ],
  ]),
  ...plantedIn('site/lab/conductor.ts', { test: machine }, [
    ['renew', '    this.#sources.renew();', '', 'what failed is forgotten before it is asked for again'],
    ['slow', "phase === 'waiting' && event.type !== 'slow'", 'false', 'another way is offered where nothing comes'],
  ]),
  ...plantedIn('site/lab/entries.ts', { test: machine }, [
    ['history', "goesOn ? 'replace' : 'push'", "'replace'", 'the back button undoes a choice'],
    ['history-keys', "goesOn ? 'replace' : 'push'", "'push'", 'arrow keys make one entry'],
  ]),
  ...plantedIn('site/lab/published.ts', { test: published }, [
    ['known-strength', 'strength === 0 ? read?.clean : ', '', 'at strength 0 the clean answer is shown'],
    [
      'known-twice',
      'if (done.has(open)) open = null;',
      'if (!open) open = null;',
      'a reading that comes twice counts once',
    ],
  ]),
  ...plantedIn('site/lab/drawn.ts', { test: published }, [
    ['drawn-grey', '(pattern[i] - 128)', '(pattern[i] - 127)', 'grey is nothing'],
  ]),
  ...plantedIn('site/wall/groups.ts', { test: wall }, [
    [
      'wall-fooled',
      'labels[place][0] !== labels[after[photo]][0]',
      'labels[place][2] !== labels[after[photo]][2]',
      'a tile turns where the class changes',
    ],
  ]),
  ...plantedIn('site/charts/transfer-matrix.ts', { test: e2e, named: 'cells of the matrix' }, [
    [
      'matrix-down',
      'row = Math.min(lastRow, row + 1)',
      'row = Math.min(lastRow, row + 2)',
      'an arrow key goes one cell',
    ],
    ['matrix-tab', 'rows[row][column].tabIndex = 0;', '', 'the grid has one tab stop'],
  ]),
];
