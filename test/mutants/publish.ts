import { plantedIn } from './mutant.ts';

const upload = 'test/publish/upload.test.ts';
const bucket = 'test/publish/bucket.test.ts';
const pull = 'test/publish/pull.test.ts';
const verify = 'test/publish/verify.test.ts';
const changes = 'test/publish/changes.test.ts';
const build = 'test/publish/build.test.ts';
const interoperability = 'test/publish/interoperability.test.ts';

export const publish = [
  ...plantedIn('batch/publish/promote.ts', { test: [upload, bucket], named: 'promote' }, [
    [
      'promote-size',
      'there.get(key) === bytes',
      'there.has(key)',
      'a release with a file that was cut short is not promoted',
    ],
    ['promote-missing', 'if (lacking.length > 0) {', 'if (false) {', 'a release that is not whole is not promoted'],
    [
      'rollback-older',
      'versions.indexOf(current.version) - 1',
      'versions.indexOf(current.version)',
      'rollback goes one back',
    ],
    ['promote-newest', 'versions.findLast(', 'versions.find(', 'a number alone means the newest of it'],
  ]),
  ...plantedIn('batch/publish/pull.ts', { test: pull }, [
    [
      'pull-rotten',
      ' && (await hashFile(path, signal)) === file.sha256',
      '',
      'a rotten file of the right size is fetched again',
    ],
    ['pull-latest', 'if (pulled.whole)', 'if (true)', 'a part of a release never looks whole'],
    [
      'pull-order',
      'await inParallel(files, width, fetchFile, signal);',
      'const fetching = inParallel(files, width, fetchFile, signal); fetching.catch(() => {});',
      'the manifest comes after all files',
    ],
  ]),
  ...plantedIn('batch/publish/upload.ts', { test: [upload, bucket], named: 'publish|store|already' }, [
    [
      'upload-absent',
      'cacheControl: IMMUTABLE, ifAbsent: true',
      'cacheControl: IMMUTABLE, ifAbsent: false',
      'an upload that races another overwrites nothing',
    ],
    [
      'upload-same',
      'if (there?.bytes !== body.length) return false;',
      'if (there?.bytes === body.length) return true;',
      'what is there has to have the same bytes',
    ],
    [
      'upload-changed',
      "if (!body || hash('sha256', body) !== upload.sha256)",
      'if (!body)',
      'a file that changes under way is not sent',
    ],
    [
      'upload-latest',
      'const { problems } = await verifyInBucket(bucket, version, options);',
      'const problems: Problem[] = [];',
      'latest.json names nothing that does not read back',
    ],
    [
      'upload-manifest',
      'await inParallel(parcel.content, width, send, signal);',
      'const sending = inParallel(parcel.content, width, send, signal); sending.catch(() => {});',
      'the manifest goes after the content',
    ],
  ]),
  ...plantedIn('batch/publish/s3.ts', { test: [upload, bucket], named: 'publish|store|already|prune|several pages' }, [
    ['s3-condition', "if (of.ifAbsent) headers['if-none-match'] = '*';", '', 'an object that exists stays as it is'],
    [
      's3-exists',
      "if (answer.status === 412) return 'exists';",
      "if (answer.status === 412) return 'written';",
      'what exists was not written',
    ],
    ['s3-pages', 'token = page.next;', 'token = undefined;', 'a listing has more than one page'],
  ]),
  ...plantedIn('batch/publish/retries.ts', { test: bucket }, [
    ['retry-503', 'status >= 500 && status !== 501', 'status > 503', 'a busy store is asked again'],
    ['retry-attempts', 'const ATTEMPTS = 6;', 'const ATTEMPTS = 1;', 'a store that fails now and then is asked again'],
  ]),
  ...plantedIn('batch/publish/prune.ts', { test: bucket, named: 'prune' }, [
    ['prune-served', ' || manifest.version === served)', ')', 'the release that is served stays'],
    ['prune-young', ' || written < now - GRACE_MS)', ' || true)', 'files of an upload under way stay'],
    ['prune-needed', '!needed.has(key)', 'key !== LATEST_KEY', 'what a release refers to stays'],
    ['prune-unreadable', 'if (unreadable)', 'if (false)', 'nothing goes while a manifest cannot be read'],
  ]),
  ...plantedIn('batch/publish/verify.ts', { test: verify }, [
    ['verify-hash', 'if (found.sha256 !== file.sha256)', 'if (false)', 'a byte that changed is told'],
    ['verify-short', 'if (found.bytes < file.bytes)', 'if (false)', 'a file that is cut short is told by its length'],
    ['verify-safe', 'if (!isSafeKey(file.key)) yield', 'if (false) yield', 'a key that climbs out is told'],
  ]),
  ...plantedIn('batch/publish/verify-content.ts', { test: verify }, [
    [
      'verify-bound',
      'return size <= bound ? []',
      'return size <= 2 * bound ? []',
      'a perturbation above its bound is told',
    ],
    ['verify-norm', "norm === 'inf' ? largest : Math.sqrt(squares)", 'largest', 'the bound is one of its norm'],
    ['verify-rows', 'found === rows ? []', 'found >= rows ? []', 'a table has the rows that the manifest says'],
    [
      'verify-labels',
      'labels.length === model.card.classes',
      'labels.length <= model.card.classes',
      'there is a label for each class',
    ],
  ]),
  ...plantedIn('batch/publish/changes.ts', { test: changes }, [
    ['changes-zero', "kind === 'major' && major > 0", "kind === 'major'", 'while MAJOR is 0, changed data moves MINOR'],
    ['changes-more', 'have[place] > least[place]', 'have[place] >= 0', 'the number says enough'],
    ['changes-rows', 'return left <= 0;', 'return left < 0;', 'a row that is gone is told'],
    [
      'changes-taken',
      'if (!after.data.has(name)) lost.push',
      'if (!after.data.has(name)) added.push',
      'what is taken away is a loss',
    ],
  ]),
  ...plantedIn('batch/publish/build.ts', { test: build }, [
    [
      'version-tables',
      'const tables = content.tables.map(renderTable);',
      'const tables = content.tables.slice(0, 0).map(renderTable);',
      'the version is a hash of all content',
    ],
    [
      'version-hash',
      '`${key} ${hashOf(bytes)}`).sort()',
      '`${key} ${bytes.length}`).sort()',
      'other bytes are another version',
    ],
  ]),
  ...plantedIn('batch/publish/tables.ts', { test: [build, interoperability], named: 'quotes|tables' }, [
    ['csv-formula', "typeof value === 'string' && isFormula(value)", 'false', 'no cell is run as a formula'],
    ['csv-quotes', `text.replaceAll('"', '""')`, 'text', 'quotes are doubled in a cell'],
  ]),
  ...plantedIn('batch/files/download.ts', { test: 'test/zoo/fetch.test.ts' }, [
    ['download-hash', 'if (sha256 !== wanted.sha256) {', 'if (false) {', 'another file is refused'],
    ['download-longer', 'if (received > bytes) break;', '', 'a longer file is refused before all of it is here'],
    [
      'download-resumed',
      "await open(part, from > 0 && resumed ? 'a' : 'w')",
      "await open(part, 'a')",
      'a server without ranges is read from the start',
    ],
  ]),
];
