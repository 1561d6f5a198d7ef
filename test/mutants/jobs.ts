import { plantedIn } from './mutant.ts';

const runner = 'test/jobs/runner.test.ts';
const code = 'test/jobs/code.test.ts';

export const jobs = [
  ...plantedIn('batch/jobs/runner.ts', { test: runner }, [
    ['key-code', 'code: codes.of(job.code).hash, inputs', 'code: 0, inputs', 'an output does not outlive its code'],
    ['key-step', 'short({ step: job.step, code:', 'short({ step: 0, code:', 'the step is part of the key'],
    [
      'content-code',
      '{ step: job.step, code }, inputs',
      '{ step: job.step }, inputs',
      'nothing is taken over from other code',
    ],
    [
      'content-digest',
      'needed(need).digest)',
      'needed(need).folder.length)',
      'what is taken over was made from the same content',
    ],
  ]),
  ...plantedIn('batch/jobs/job.ts', { test: [runner, code] }, [
    ['own-code', 'code: [step.source, ...code] },', 'code: [...code] },', "a step's own file is part of its code"],
    ['needs-first', 'for (const need of job.needs) visit(need);', '', 'what is needed is done first'],
    [
      'more-code',
      'id, inputs, work, code: [step.source, ...code]',
      'id, inputs, work, code: [step.source]',
      "an attack's file is part of the code of a craft",
    ],
  ]),
  ...plantedIn('batch/jobs/store.ts', { test: runner }, [
    [
      'file-size',
      'statSync(join(folder, name)).size === bytes',
      'existsSync(join(folder, name))',
      'an output that was cut short is made again',
    ],
    ['adopted-key', 'jsonOf({ ...record, key, inputs })', 'jsonOf(record)', 'what is taken over has its new key'],
    [
      'digest-files',
      'result: job.identity(result), files })',
      'result: job.identity(result) })',
      'files are part of what an output is',
    ],
  ]),
  ...plantedIn('batch/jobs/lock.ts', { test: 'test/jobs/lock.test.ts' }, [
    [
      'lock-reused',
      '(started === null || started === found.started)',
      'true',
      'another process may have got the number since',
    ],
    ['lock-exclusive', "{ flag: 'wx' }", "{ flag: 'w' }", 'of two runs one gets the lock'],
    ['lock-dead', 'if (holder && lives(holder)) {', 'if (holder) {', 'the lock of a dead process is taken over'],
  ]),
  ...plantedIn('batch/jobs/speeds.ts', { test: runner }, [
    [
      'speed-units',
      '(units * rate.seconds) / rate.units',
      '(units * rate.units) / rate.seconds',
      'time is work over speed',
    ],
    ['speed-models', "${job.work.on ?? ''}`", '`', 'models differ in speed'],
  ]),
  ...plantedIn('batch/jobs/progress.ts', { test: runner }, [
    ['left-at-most', '({ work }) => work.atMost)', '() => false)', 'a budget of fooling may end early'],
  ]),
  ...plantedIn('batch/jobs/code.ts', { test: code }, [
    [
      'code-urls',
      'for (const url of module.urls) {',
      'for (const url of [] as string[]) {',
      'worker threads are part of the code',
    ],
    [
      'code-packages',
      'hash.update(`${name}@${version}\\n`)',
      'hash.update(`${name}\\n`)',
      'another version of a package is other code',
    ],
    ['code-files', '`${file} ${this.#hashOf(join(this.#root, file))}\\n`', '`${file}\\n`', 'an edit changes the code'],
  ]),

  ...plantedIn('batch/jobs/runner.ts', { test: runner }, [
    [
      'there',
      'if (known && (await job.isThere(known))) return known;',
      'if (known) return known;',
      'what stands beside the store is looked for',
    ],
    ['adopt-copied', 'planned.has(other)', 'false', 'what another job of the run needs is copied, not moved'],
  ]),
  ...plantedIn('batch/jobs/store.ts', { test: runner }, [
    [
      'half-written',
      "if (fresh || name.startsWith('.')) await",
      'if (fresh) await',
      'what killed runs left is removed',
    ],
  ]),
  ...plantedIn('batch/jobs/progress.ts', { test: runner }, [
    ['left-done', 'if (!isDone) this.#left.add(job);', 'this.#left.add(job);', 'what is there takes no time'],
  ]),
];
