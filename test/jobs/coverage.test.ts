import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { attacks } from '#shared/attacks';
import { findFindings } from '../../batch/analyses/index.ts';
import { CodeReader } from '../../batch/jobs/index.ts';
import { root } from '../cli/atlas.ts';
import { writeSmallStudy } from '../studies/small-study.ts';
import { writeSmallNetwork } from '../support/small-network.ts';

interface Covered {
  step: string;
  id: string;
  code: string[];
  /** Files of batch/ and shared/ in which a function ran while the job did. */
  executed: Set<string>;
}

let folder: string;
let jobs: Covered[];
let codes: CodeReader;

/** Every job of a small study, with every attack in it, in a process under V8's coverage. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'atlas-coverage-'));
  const perturbations = [...attacks.values()].map(({ name, usesModel }) => ({
    ...{ attack: name, epsilon: 20 },
    ...(usesModel && { surrogates: ['linear1'], budget: { gradients: 60 } }),
  }));
  for (const module of childModules) loading.set(module, await countsOfLoading(module));
  const more = ['defences', 'layers', 'roc', 'subspace', 'sweep', 'tampered', 'thresholds'];
  const analyses = [...findFindings().map(({ name }) => name), ...more];
  await writeSmallNetwork(join(folder, 'study'), 8);
  const study = await writeSmallStudy(join(folder, 'study'), {
    ...{ perturbations, models: ['./linear1.json', './linear2.json', './small.json'] },
    hardened: [{ model: 'small', rate: 0.1 }],
    ...{ analyses, effort: 'light' },
  });
  const coverage = join(folder, 'coverage');
  const script = fileURLToPath(new URL('cover-jobs.ts', import.meta.url));
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', script, study, join(folder, 'out')],
    { env: { ...process.env, NODE_V8_COVERAGE: coverage } },
  );
  const lines = stdout.trim().split('\n');
  jobs = await Promise.all(
    lines.map(async (line) => {
      const { files, ...job } = JSON.parse(line) as Omit<Covered, 'executed'> & { files: string[] };
      const executed = await Promise.all(files.map((file) => executedIn(join(coverage, file))));
      return { ...job, executed: new Set(executed.flat()) };
    }),
  );
  codes = await CodeReader.open();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Coverage {
  result: { url: string; functions: { ranges: { startOffset: number; endOffset: number; count: number }[] }[] }[];
}

/** What children are started with; the first stands for those that are not here. */
const childModules = ['batch/zoo/prepare-work.ts', 'batch/zoo/surrogates-work.ts'];
/** How often each function runs when the module of a child is loaded, and nothing of it called. */
const loading = new Map<string, Map<string, number>>();

const nameOf = (url: string, { startOffset, endOffset }: { startOffset: number; endOffset: number }) =>
  `${url} ${startOffset} ${endOffset}`;

async function countsOfLoading(path: string): Promise<Map<string, number>> {
  const coverage = join(folder, `loading ${path.replaceAll('/', ' ')}`);
  const module = new URL(`../../${path}`, import.meta.url);
  await promisify(execFile)(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', `await import('${module}')`],
    { env: { ...process.env, NODE_V8_COVERAGE: coverage } },
  );
  const [file] = await readdir(coverage);
  const { result } = JSON.parse(await readFile(join(coverage, file), 'utf8')) as Coverage;
  return new Map(
    result.flatMap(({ url, functions }) =>
      functions.map(({ ranges: [whole] }) => [nameOf(url, whole), whole.count] as const),
    ),
  );
}

/**
 * Files of batch/ and shared/ with a function that ran. That a file was loaded, as a door loads all behind it, is
 * nothing; nor is what a child runs while it loads such files, such as the making of a table.
 */
async function executedIn(path: string): Promise<string[]> {
  const { result } = JSON.parse(await readFile(path, 'utf8')) as Coverage;
  const isChild = result.some(({ url }) => url.endsWith('/batch/children/entry.ts'));
  const module = childModules.find((path) => result.some(({ url }) => url.endsWith(path))) ?? childModules[0];
  return result
    .filter(({ url, functions }) =>
      functions.some(({ ranges: [whole] }) => {
        const atLoading = isChild ? (loading.get(module)?.get(nameOf(url, whole)) ?? 0) : 0;
        return whole.startOffset > 0 && whole.count > atLoading;
      }),
    )
    .filter(({ url }) => url.startsWith('file:'))
    .map(({ url }) => relative(root, fileURLToPath(url)).replaceAll('\\', '/'))
    .filter((file) => /^(batch|shared)\//.test(file));
}

test('no file that a job executes is missing from its code, threads and children included', () => {
  for (const { step, id, code, executed } of jobs) {
    const { files } = codes.of(code);
    expect(
      [...executed].filter((file) => !files.includes(file)),
      `${step} ${id}`,
    ).toEqual([]);
  }
});

test('every step and every attack was run, and the coverage saw what they are made of', () => {
  const executed = (step: string, id?: string) => [
    ...new Set(
      jobs.filter((job) => job.step === step && (!id || job.id.includes(id))).flatMap((job) => [...job.executed]),
    ),
  ];
  expect(executed('photos')).toEqual(expect.arrayContaining(['shared/images/resample.ts', 'shared/images/codecs.ts']));
  expect(executed('prepare')).toEqual(expect.arrayContaining(['batch/zoo/onnx.ts', 'shared/graph/prepare.ts']));
  expect(executed('measure')).toEqual(expect.arrayContaining(['batch/compute/worker.ts', 'shared/images/perturb.ts']));
  expect(executed('derive')).toEqual(expect.arrayContaining(['shared/synthetic/phase-twin.ts']));
  expect(executed('harden')).toEqual(
    expect.arrayContaining(['batch/harden/regression.ts', 'shared/graph/statistics.ts', 'batch/photos/jpeg.ts']),
  );
  expect(executed('measure', 'after crop')).toEqual(expect.arrayContaining(['batch/photos/altered.ts']));
  expect(executed('defended')).toEqual(
    expect.arrayContaining(['shared/graph/defences/jpeg.ts', 'shared/graph/defences/resize.ts']),
  );
  expect(executed('normals')).toEqual(
    expect.arrayContaining(['shared/attacks/deepfool.ts', 'batch/analyses/singular.ts']),
  );
  expect(executed('spanned')).toEqual(expect.arrayContaining(['batch/studies/steps/spanned.ts']));
  expect(executed('thresholds')).toEqual(expect.arrayContaining(['batch/studies/steps/strengths.ts']));
  expect(executed('showcase')).toEqual(expect.arrayContaining(['batch/analyses/showcase.ts']));
  expect(executed('sweep')).toEqual(
    expect.arrayContaining(['batch/studies/steps/sweep.ts', 'batch/compute/worker.ts']),
  );
  expect(executed('compared')).toEqual(expect.arrayContaining(['shared/graph/comparison.ts']));
  expect(executed('distortion')).toEqual(expect.arrayContaining(['shared/images/distortion.ts']));
  expect(executed('analyse', 'dominance')).toEqual(expect.arrayContaining(['batch/analyses/dominance.ts']));
  expect(executed('release')).toEqual(expect.arrayContaining(['batch/publish/build.ts', 'batch/publish/croissant.ts']));
  for (const { name } of attacks.values()) {
    expect(executed('craft', name), name).toEqual(
      expect.arrayContaining(['shared/attacks/drive.ts', `shared/attacks/${name}.ts`]),
    );
  }
});
