import { plantedIn } from './mutant.ts';

const guards = 'test/workers/guards.test.ts';
const lists = 'test/workers/lists.test.ts';
const api = 'test/workers/api.test.ts';
const data = 'test/workers/data.test.ts';
const admission = 'test/workers/admission.test.ts';
const unpublished = 'test/workers/unpublished.test.ts';
const memory = 'test/workers/memory.test.ts';
const pictures = 'test/workers/pictures.test.ts';
const turnstile = 'test/workers/turnstile.test.ts';

export const workers = [
  ...plantedIn('workers/atlas/middleware/rate-limit.ts', { test: guards, named: 'rate limit' }, [
    [
      'ipv6-short',
      '8 - groups(head).length - groups(tail).length',
      '4 - groups(head).length',
      '"::" stands for as many zeros as are left out',
    ],
    ['ipv6-slash-64', '.slice(0, 4)', '.slice(0, 8)', 'a subscriber has all of a /64'],
    ['ipv6-leading', 'Number.parseInt(group, 16).toString(16)', 'group', 'leading zeros make no other address'],
    ['limit-ignored', '.success) {', '.success && false) {', 'too many images are refused'],
    ['loopback', "address === '::1' ||", "address.includes('1') ||", 'only the machine itself is not counted'],
  ]),
  ...plantedIn('workers/atlas/routes/perturbations.ts', { test: lists, named: 'perturbations' }, [
    [
      'empty-page',
      'end < fitting.length ?',
      'end <= fitting.length ?',
      'the last page has no next one, which would be empty',
    ],
    ['cursor-of', 'of: z.literal(JSON.stringify(asked))', 'of: z.string()', 'a cursor belongs to its question'],
    [
      'cursor-release',
      'from?.release ?? query.release',
      'query.release',
      'a walk stays in the release that it began in',
    ],
    ['sort-descending', 'descending ? -order : order', 'order', '"-" sorts descending'],
    [
      'filter-surrogate',
      'one.surrogates.includes(surrogate)',
      "one.surrogates.join('+') === surrogate",
      'a surrogate among others is one',
    ],
    [
      'filter-seed',
      '(seed === undefined || one.seed === seed)',
      '(seed === undefined || one.seed !== seed)',
      'a seed filters',
    ],
  ]),
  ...plantedIn('workers/atlas/routes/classify.ts', { test: api, named: 'POST /classify|by default' }, [
    [
      'default-perturbation',
      'surrogates.includes(model.card.id),',
      '!surrogates.includes(model.card.id),',
      'the default perturbation is one crafted on the model',
    ],
    [
      'fooled-index',
      'fooled: isFooled(own, after[i][0].index, tampered)',
      'fooled: !isFooled(own, after[i][0].index, tampered)',
      'fooled is where the label changes',
    ],
    ['strength-ignored', 'applyPerturbation(clean, v, strength)', 'applyPerturbation(clean, v)', 'the strength counts'],
  ]),
  ...plantedIn('workers/atlas/routes/choose.ts', { test: [api, unpublished], named: 'default|edge does not serve' }, [
    ['default-model', 'atEdge[0] :', 'release.models[0] :', 'the default model is one of the edge'],
    ['not-at-edge', 'if (!found.edge) {', 'if (false) {', 'a model that is too large for the edge is named as such'],
  ]),
  ...plantedIn('workers/atlas/storage/read.ts', { test: unpublished }, [
    [
      'hash-unchecked',
      'if (digest !== sha256) {',
      'if (false) {',
      'bytes that are not those of the manifest are refused',
    ],
  ]),
  ...plantedIn('workers/atlas/storage/content.ts', { test: unpublished }, [
    [
      'model-hash',
      'readVerified(env, model.key, model.sha256);',
      'read(env, model.key);',
      "a model's hash is checked at the edge",
    ],
    ['perturbation-shape', 'shape.join() !== expected.join()', 'false', 'a perturbation of another size is refused'],
  ]),
  ...plantedIn('workers/atlas/storage/releases.ts', { test: [unpublished, lists], named: 'release' }, [
    [
      'latest-ttl',
      'const LATEST_TTL_MS = 10_000;',
      'const LATEST_TTL_MS = 10_000_000;',
      'a new release is noticed within seconds',
    ],
    [
      'newest-first',
      'b.published.getTime() - a.published.getTime()',
      'a.published.getTime() - b.published.getTime()',
      'releases come newest first',
    ],
    [
      'without-manifest',
      'return published ? [{ version, published }] : [];',
      'return [{ version, published: published ?? new Date(0) }];',
      'an upload under way is no release',
    ],
  ]),
  ...plantedIn('workers/atlas/storage/lru.ts', { test: 'test/workers/lru.test.ts' }, [
    ['lru-oldest', 'this.#entries.size <= this.#capacity', 'this.#entries.size < 0', 'what was used last is kept'],
  ]),
  ...plantedIn(
    'workers/atlas/imaging/body.ts',
    { test: [admission, data, pictures], named: 'bodies|body|form|streamed' },
    [
      ['stream-cap', 'if (length > MAX_BODY_BYTES) throw tooLarge();', '', 'a streamed body has a cap'],
      [
        'announced-cap',
        'if (announced > MAX_BODY_BYTES) throw tooLarge();',
        '',
        'a body that announces too much is refused at once',
      ],
      [
        'room-unasked',
        'if (!place.holds(larger)) throw busy',
        'if (false) throw busy',
        'what a body takes is reserved',
      ],
      ['beginning', 'if (length === BEGINNING + 1) look(bytes);', '', 'a body is refused by its beginning'],
      ['form-file', 'if (file || !part.isFile)', 'if (!part.isFile)', 'a form has one file'],
    ],
  ),
  ...plantedIn('workers/atlas/imaging/admission.ts', { test: admission, named: 'the admission' }, [
    ['admission-large', 'others.every((one) => one <= large)', 'true', 'there is one large body at a time'],
    [
      'admission-lease',
      'since - held.since > this.#limits.leaseMs',
      'false',
      'the place of the dead is given to others',
    ],
  ]),
  ...plantedIn(
    'workers/atlas/imaging/memory.ts',
    { test: [memory, pictures], named: 'decoding holds|pictures of every kind' },
    [
      ['memory-progressive', 'perPixel += 6;', 'perPixel += 0;', 'a progressive JPEG takes more memory'],
      [
        'memory-limit',
        'const DECODING_BYTES = 70_000_000;',
        'const DECODING_BYTES = 700_000_000;',
        'decoding fits into an isolate',
      ],
    ],
  ),
  ...plantedIn('workers/atlas/inference/turnstile.ts', { test: turnstile }, [
    ['turnstile-order', 'if (!this.#holder) this.#next();', 'this.#next();', 'one goes through at a time'],
    ['turnstile-leaves', 'if (this.#holder === place) this.#next();', '', 'who has left takes no place'],
    ['turnstile-due', 'a.due - b.due', '0', 'what takes little goes first'],
    ['turnstile-lends', 'due < place.due', 'false', 'a turn is lent between two steps'],
    ['turnstile-lease', 'Promise.race([before, expired])', 'before', 'those who wait go on after the lease'],
  ]),
  ...plantedIn('workers/atlas/routes/conditions.ts', { test: data }, [
    [
      'weak-match',
      "ifNoneMatch.some((tag) => tag.replace(/^W\\//, '') === etag)",
      'ifNoneMatch.includes(etag)',
      'If-None-Match compares weakly',
    ],
    [
      'strong-match',
      '!ifMatch.includes(etag)',
      "!ifMatch.some((tag) => tag.replace(/^W\\//, '') === etag)",
      'If-Match compares strongly',
    ],
    [
      'modified-since',
      'seconds <= modifiedSince',
      'seconds < modifiedSince',
      'what was not modified since is not sent again',
    ],
  ]),
  ...plantedIn('workers/atlas/routes/object.ts', { test: data }, [
    ['range-end', 'end - start + 1', 'end - start', 'a range includes its end'],
    [
      'range-suffix',
      'Math.max(0, size - range.suffix)',
      'Math.max(0, range.suffix)',
      'a suffix is counted from the end',
    ],
    ['cached-latest', 'object.key === LATEST_KEY ?', 'false ?', 'latest.json is not kept for a year'],
  ]),
  ...plantedIn('workers/atlas/routes/data.ts', { test: data, named: 'nothing but the files' }, [
    ['other-keys', 'if (!isReleaseKey(key)) throw missing(key);', '', 'only keys of releases are served'],
  ]),

  ...plantedIn(
    'workers/atlas/imaging/body.ts',
    { test: [admission, data, pictures], named: 'bodies|body|form|streamed' },
    [
      ['slow', 'Math.min(Date.now() + PAUSE_MS, due)', 'due + 60_000', 'a body that stops is given up'],
      ['slow-pace', 'length / BYTES_PER_MS)', 'length)', 'a body that trickles is given up'],
    ],
  ),
  ...plantedIn('workers/atlas/imaging/admission.ts', { test: admission, named: 'the admission' }, [
    [
      'admission-places',
      'this.#held.size < this.#limits.places',
      'this.#held.size <= this.#limits.places',
      'there are so many places',
    ],
    ['admission-way', 'if (slow) slow.givesWay = true;', '', 'the slowest gives way where room is asked for'],
    [
      'admission-patience',
      'since < before',
      'since > before',
      'only a body that has been on its way for long gives way',
    ],
  ]),
];
