import { cpSync } from 'node:fs';
import { appendFile, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { init, parse } from 'es-module-lexer';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CodeReader } from '../../batch/jobs/index.ts';
import { parseModule } from '../../batch/jobs/modules.ts';
import { root } from '../cli/atlas.ts';

/** The modules that a step's code is found from. */
const steps = {
  photos: ['batch/studies/steps/photos.ts'],
  prepare: ['batch/studies/steps/prepare.ts'],
  'craft house': ['batch/studies/steps/craft.ts', 'shared/attacks/house.ts'],
  'craft noise': ['batch/studies/steps/craft.ts', 'shared/attacks/noise.ts'],
  measure: ['batch/studies/steps/measure.ts'],
  distortion: ['batch/studies/steps/distortion.ts'],
  'analyse transfer': ['batch/analyses/finding.ts', 'batch/analyses/transfer.ts'],
  release: ['batch/studies/steps/release.ts'],
};
type Step = keyof typeof steps;

let copy: string;
beforeAll(async () => {
  copy = await mkdtemp(join(tmpdir(), 'atlas-code-'));
  for (const folder of ['batch', 'shared']) cpSync(join(root, folder), join(copy, folder), { recursive: true });
  // Packages are looked at, not changed, but for one.
  await symlink(join(root, 'node_modules'), join(copy, 'node_modules'));
});
afterAll(() => rm(copy, { recursive: true, force: true }));

async function hashes(): Promise<Record<Step, string>> {
  const codes = await CodeReader.open(copy);
  return Object.fromEntries(Object.entries(steps).map(([step, entries]) => [step, codes.of(entries).hash])) as never;
}

/** The steps whose code is another after an edit of a file. */
async function changedBy(file: string): Promise<Step[]> {
  const before = await hashes();
  const path = join(copy, file);
  const text = await readFile(path, 'utf8');
  await appendFile(path, '\n// An edit.\n');
  const after = await hashes();
  await writeFile(path, text);
  return (Object.keys(steps) as Step[]).filter((step) => before[step] !== after[step]);
}

describe('an edit changes the code of just the steps that use the file', () => {
  test.each<[string, Step[]]>([
    ['shared/images/perturb.ts', ['craft house', 'craft noise', 'measure', 'distortion', 'release']],
    // The release writes pictures with the codecs, which make canvases of what they read; a measurement may show them
    // as they are after a JPEG.
    ['shared/images/resample.ts', ['photos', 'prepare', 'measure', 'release']],
    ['shared/images/distortion.ts', ['distortion']],
    ['shared/graph/rules/convolution.ts', ['craft house', 'craft noise']],
    ['shared/graph/rules/pooling.ts', ['craft house', 'craft noise']],
    ['batch/zoo/onnx.ts', ['prepare']],
    ['shared/attacks/house.ts', ['craft house']],
    ['shared/attacks/objectives.ts', ['craft house']],
    ['shared/attacks/drive.ts', ['craft house', 'craft noise']],
    // A thread, which is started by its address.
    ['batch/compute/worker.ts', ['craft house', 'craft noise', 'measure']],
    ['batch/analyses/transfer.ts', ['analyse transfer']],
    ['batch/analyses/dominance.ts', []],
    ['batch/publish/croissant.ts', ['release']],
    ['shared/attacks/table.ts', []],
    ['batch/analyses/findings.ts', []],
    ['batch/analyses/list.ts', []],
    ['batch/cli/run.ts', []],
  ])('%s', async (file, expected) => {
    expect(await changedBy(file)).toEqual(expected);
  });

  test('every rule of differentiation counts for crafting, and for nothing else', async () => {
    const codes = await CodeReader.open(copy);
    const rules = (step: Step) => codes.of(steps[step]).files.filter((file) => file.startsWith('shared/graph/rules/'));
    expect(rules('craft house').length).toBeGreaterThan(10);
    for (const step of ['photos', 'prepare', 'measure', 'distortion', 'release'] as const) {
      expect(rules(step), step).toEqual([]);
    }
  });

  test('a new attack changes nothing', async () => {
    const before = await hashes();
    const table = join(copy, 'shared/attacks/table.ts');
    const text = await readFile(table, 'utf8');
    const toy = (await readFile(join(copy, 'shared/attacks/noise.ts'), 'utf8')).replaceAll("'noise'", "'toy'");
    await writeFile(join(copy, 'shared/attacks/toy.ts'), toy);
    await writeFile(
      table,
      `import { noiseAttack as toy } from './toy.ts';\n${text.replace('[noiseAttack,', '[toy, noiseAttack,')}`,
    );
    expect(await hashes()).toEqual(before);
    await writeFile(table, text);
  });

  test('another version of a package changes the steps that use it', async () => {
    const before = await hashes();
    await rm(join(copy, 'node_modules'));
    for (const name of ['onnxruntime-node', 'zod', 'onnx-buf', 'h5wasm', 'hyparquet-writer', '@bufbuild/protobuf']) {
      cpSync(join(root, 'node_modules', name, 'package.json'), join(copy, 'node_modules', name, 'package.json'));
    }
    for (const name of ['@noble/hashes', '@jsquash/jpeg', '@jsquash/png', '@jsquash/webp']) {
      cpSync(join(root, 'node_modules', name, 'package.json'), join(copy, 'node_modules', name, 'package.json'));
    }
    expect(await hashes()).toEqual(before);
    const path = join(copy, 'node_modules/@jsquash/png/package.json');
    await writeFile(path, JSON.stringify({ version: '99.0.0' }));
    const after = await hashes();
    const changed = Object.keys(steps).filter((step) => before[step as Step] !== after[step as Step]);
    expect(changed).toEqual(['photos', 'measure', 'release']);
  });
});

test('an import that leads nowhere, and a package that is not installed, are errors that say so', async () => {
  await writeFile(join(copy, 'batch/lost.ts'), "import { a } from './nowhere.ts';\nexport const b = a;\n");
  const codes = await CodeReader.open(copy);
  expect(() => codes.of(['batch/lost.ts'])).toThrow(
    /batch\/lost\.ts imports \.\/nowhere\.ts, and there is no such file/,
  );
  await writeFile(join(copy, 'batch/strange.ts'), "import 'not-installed/at/all';\n");
  expect(() => codes.of(['batch/strange.ts'])).toThrow(/package not-installed is not installed/);
});

describe('imports are read off TypeScript as they are when types are stripped', () => {
  test('in every file of batch/ and shared/', async () => {
    await init;
    const codes = await CodeReader.open();
    const { files } = codes.of(['batch/cli/main.ts']);
    expect(files.length).toBeGreaterThan(150);
    for (const file of files.filter((name) => name.endsWith('.ts'))) {
      const source = await readFile(join(root, file), 'utf8');
      const [stripped] = parse(stripTypeScriptTypes(source));
      const named = stripped.flatMap(({ n, d }) => (n !== undefined && d >= -1 ? [n] : []));
      expect(
        parseModule(source).imports.map(({ from }) => from),
        file,
      ).toEqual(named);
    }
  });

  test.each([
    ["import { a, type B, c as d } from './x.ts';", ['a', 'c']],
    ["import type { B } from './x.ts';", undefined],
    ["import { type B } from './x.ts';", []],
    ["import e, { a } from './x.ts';", ['a', 'default']],
    ["import * as all from './x.ts';", null],
    ["import './x.ts';", null],
    ["const x = await import('./x.ts');", null],
    ["export { a as b, type C } from './x.ts';", ['a']],
    ["export * from './x.ts';", null],
    ["/* import { no } from './y.ts' */ import { a /* , b */ } from './x.ts';", ['a']],
  ])('%s', async (source, names) => {
    await init;
    expect(parseModule(source).imports[0]?.names).toEqual(names);
  });

  test('a door is nothing but exports from elsewhere', async () => {
    await init;
    const door =
      "/** A room. */\nexport { a } from './a.ts';\nexport type { B } from './b.ts';\nexport * from './c.ts';\n";
    expect(parseModule(door).isDoor).toBe(true);
    expect(parseModule(`${door}export const more = 1;\n`).isDoor).toBe(false);
    expect(parseModule("import { a } from './a.ts';\nexport { a };\n").isDoor).toBe(false);
  });

  test('nothing is loaded in a way that cannot be followed', async () => {
    const codes = await CodeReader.open();
    for (const file of codes.of(['batch/cli/main.ts']).files) {
      const source = await readFile(join(root, file), 'utf8');
      // It imports what whoever starts a child names by `new URL`, which is followed there.
      if (file === 'batch/children/entry.ts') continue;
      expect(source, file).not.toMatch(/createRequire|import\.meta\.resolve\(\s*[^'"\s]|\bimport\(\s*[^'"\s]/);
    }
  });
});
