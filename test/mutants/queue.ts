import { plantedIn } from './mutant.ts';

const workers = 'test/queue/workers.test.ts';
const store = 'test/queue/store.test.ts';
const patience = 'test/queue/patience.test.ts';

/** Mistakes in what many machines share: the queue's workers, the store, and waiting for what is gone. */
export const queue = [
  ...plantedIn('batch/queue/patience.ts', { test: patience }, [
    ['said-once', 'if (!this.#gone.has(what)) {', 'if (this.#gone.size >= 0) {', 'what is gone is said once'],
    ['said-back', 'this.#gone.delete(what);', '', 'what is back is said once'],
    ['final-cause', '&& !hasCause(error)', '', 'a connection that fails is waited for'],
    [
      'final-damage',
      'if (error instanceof DamagedError || error instanceof UsageError) return true;',
      '',
      'wrong bytes are not waited for',
    ],
  ]),
  ...plantedIn('batch/queue/shared-store.ts', { test: store }, [
    ['names-all', ".filter((name) => name.endsWith('.json'))", '', 'only documents are outputs'],
    ['given-hash', 'whole.update(bytes);', "whole.update('');", 'what changed on the disk is not given away'],
    ['taken-hash', "|| hash('sha256', content) !== sha256)", ')', 'every piece is held to its hash'],
    [
      'taken-name',
      '/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name)',
      '/^[A-Za-z0-9./_-]*$/.test(name)',
      'an output writes no file elsewhere',
    ],
    [
      'study-hash',
      "if (hash('sha256', bytes) !== sha256) throw",
      'if (bytes.length < 0) throw',
      'a study is what it is named by',
    ],
    ['checkpoint-sum', "is(hash('sha256', content)) ? content : null", 'content', 'a damaged checkpoint is none'],
  ]),
  ...plantedIn('batch/queue/cache.ts', { test: store, named: 'cache' }, [
    ['used-last', 'this.#sizes.set(name, size);', '', 'what was used last is kept'],
    [
      'bound',
      'if (bytes <= this.#bound) return;',
      'if (bytes <= 2 * this.#bound) return;',
      'the cache is within its bound',
    ],
    ['counted', 'for (const name of await readdir(folder)) await cache.#count(name);', '', 'an old cache is counted'],
  ]),
  ...plantedIn('batch/queue/cache.ts', { test: store, named: 'first of two' }, [
    ['first-kept', "=== 'exists') {", "=== 'written') {", 'of two outputs the first counts'],
  ]),
  ...plantedIn('batch/queue/worker.ts', { test: workers, named: 'fails|once or twice' }, [
    ['attempts', 'attempt >= attempts', 'attempt > attempts', 'a job is tried three times'],
    ['failures', 'const attempt = failures + 1;', 'const attempt = 1;', 'failures are counted'],
  ]),
  ...plantedIn('batch/queue/worker.ts', { test: workers, named: 'only leaves' }, [
    ['only', '.filter((step) => !only?.includes(step))', '', '--only takes the steps that it names'],
  ]),
  ...plantedIn('batch/queue/worker.ts', { test: workers, named: 'not heard of' }, [
    ['settled', 'return affected > 0;', 'return true;', 'a job that was lost is not counted'],
  ]),
  ...plantedIn('batch/queue/pulse.ts', { test: workers, named: 'hears while' }, [
    ['lost', 'return rows.length > 0;', 'return true;', 'a worker learns that it lost its job'],
  ]),
  ...plantedIn('batch/queue/boss.ts', { test: workers, named: 'the address of a queue' }, [
    ['password', "if (url.password !== '' ||", 'if (', 'a password in the address is refused'],
  ]),
];
