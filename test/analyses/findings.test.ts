import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { UsageError } from '#shared/errors';
import { type Manifest, perturbationRecord } from '#shared/release';
import { findFindings, findings, readRows } from '../../batch/analyses/index.ts';
import { runFindings, runStudy } from '../../batch/studies/index.ts';
import { startAtlas } from '../cli/atlas.ts';
import { writeSmallStudy } from '../studies/small-study.ts';
import { writeSmallNetwork } from '../support/small-network.ts';

let folder: string;
const machine = { provider: 'cpu', workers: 1 } as const;
const recordOf = async (release: string, manifest: Manifest, id: string) => {
  const { record } = manifest.perturbations.find((one) => one.id === id)!;
  return perturbationRecord.parse(JSON.parse(await readFile(join(release, record), 'utf8')));
};
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'atlas-findings-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the table of findings', () => {
  test('has a name, a question and described columns for each', () => {
    for (const { name, title, columns, source } of findings) {
      expect(name).toMatch(/^[a-z][a-z-]*$/);
      expect(title.length).toBeGreaterThan(10);
      expect(new Set(columns.map((column) => column.name)).size).toBe(columns.length);
      expect(columns.every(({ description }) => description.length > 5)).toBe(true);
      expect(source).toContain(`/${name}.ts`);
    }
    expect(new Set(findings.map(({ name }) => name)).size).toBe(findings.length);
  });

  test('finds by name in its own order, and refuses a name that is none', () => {
    expect(findFindings(['dominance', 'transfer']).map(({ name }) => name)).toEqual(['transfer', 'dominance']);
    expect(findFindings().map(({ name }) => name)).toEqual([
      ...['transfer', 'controls', 'dominance', 'perturbations', 'predictions'],
    ]);
    expect(() => findFindings(['transfers'])).toThrow(UsageError);
    expect(() => findFindings(['transfers'])).toThrow(/Did you mean "transfer"/);
  });
});

describe("a study's analyses", () => {
  test('are the tables of its release, no more and no less, with title and columns', async () => {
    const study = await writeSmallStudy(join(folder, 'two'), { analyses: ['dominance', 'transfer'] });
    const { release } = await runStudy({ study, out: join(folder, 'two', 'out'), ...machine });
    const latest = JSON.parse(await readFile(join(release, 'latest.json'), 'utf8'));
    const manifest = JSON.parse(await readFile(join(release, latest.manifest.key), 'utf8'));
    expect(manifest.tables.map(({ name }: { name: string }) => name)).toEqual(['transfer', 'dominance']);
    const [transfer] = findFindings(['transfer']);
    expect(manifest.tables[0]).toMatchObject({ title: transfer.title, columns: transfer.columns });
    const readme = await readFile(join(release, 'releases', latest.version, 'README.md'), 'utf8');
    expect(readme).toContain(transfer.title);
    expect(readme).not.toContain('predictions');
    expect(readme).not.toContain('phase twin');
  });

  test('hold crafted perturbations to several draws of noise, to blocks and to their phase twins', async () => {
    const at = join(folder, 'controls');
    const study = await writeSmallStudy(at, { analyses: ['controls'] });
    const { release, transfer } = await runStudy({ study, out: join(at, 'out'), ...machine });
    const latest = JSON.parse(await readFile(join(release, 'latest.json'), 'utf8'));
    const manifest = JSON.parse(await readFile(join(release, latest.manifest.key), 'utf8'));
    const { controls } = (await recordOf(release, manifest, 'linear1.sgd-uap.inf20.s1')).fooling;
    const on = controls!.filter(({ target }) => target === 'linear2');
    expect(on.map(({ control, seed }) => `${control} ${seed}`)).toEqual([
      ...['noise 1', 'noise 2', 'noise 3', 'blocks 1', 'phase-twin 1'],
    ]);
    // The first draw is the control that the transfer table has.
    const row = transfer.find(({ surrogate, target }) => surrogate === 'linear1' && target === 'linear2')!;
    expect(on[0]).toMatchObject({ fooled: row.noise_fooled, photos: row.photos });
    for (const { fooled, only_control, only_perturbation } of on) {
      expect(fooled - only_control + only_perturbation).toBe(row.fooled);
    }
    expect(new Set(on.map(({ fooled }) => fooled)).size).toBeGreaterThan(1);
    // Noise is held to nothing: it is what others are held to.
    expect((await recordOf(release, manifest, 'noise.inf20.s1')).fooling.controls).toBeUndefined();
    const readme = await readFile(join(release, 'releases', latest.version, 'README.md'), 'utf8');
    expect(readme).toMatch(/\| 4 x 4 blocks \| phase twin \|/);
    expect(readme).toMatch(/\| linear1 \| sgd-uap .* % \(3 draws, .*\|/);
    expect(readme).toMatch(/Of the 4 ratios of crafted perturbations, \d do \*\*not\*\*: |All 4 ratios/);
  });

  test('have rows as their columns say, each finding of them, and sentences about them', async () => {
    const at = join(folder, 'all');
    const crafted = { attack: 'cosine-uap', epsilon: 20, budget: { gradients: 100 } };
    const perturbations = [
      { ...crafted, seeds: [1, 2] },
      { ...crafted, surrogates: ['small-hardened'] },
    ];
    await writeSmallNetwork(at, 8);
    const models = ['./linear1.json', './linear2.json', './small.json'];
    const study = await writeSmallStudy(at, { models, hardened: [{ model: 'small', rate: 0.1 }], perturbations });
    const names = findings.map(({ name }) => name);
    const { findings: outputs } = await runFindings({ study, out: join(at, 'out'), ...machine }, names);
    const fits = { STRING: 'string', BOOLEAN: 'boolean', INT32: 'number', INT64: 'number', DOUBLE: 'number' };
    for (const output of outputs) {
      const { name, columns, says } = output.result;
      const rows = await readRows(output);
      expect(rows.length, name).toBeGreaterThan(0);
      for (const row of rows) {
        expect(Object.keys(row).sort(), name).toEqual(columns.map((column) => column.name).sort());
        for (const { name: column, type, nullable } of columns) {
          const value = row[column];
          if (value === null) expect(nullable, `${name} ${column}`).toBe(true);
          else expect(typeof value, `${name} ${column}`).toBe(fits[type]);
          if (type.startsWith('INT') && value !== null) expect(value, `${name} ${column}`).toSatisfy(Number.isInteger);
        }
      }
      if (says !== null) expect(says, name).toMatch(/^[A-Z0-9][^\n]*\.$/);
      expect(says ?? '', name).not.toMatch(/undefined|NaN|null/);
    }
    expect(outputs.filter(({ result }) => result.says !== null).length).toBeGreaterThan(5);
    const photos = await readRows(outputs.find(({ result }) => result.name === 'saturation')!);
    expect(photos.slice(0, 4).map((row) => row.crafting_photos)).toEqual([0, 1, 2, 5]);
    expect(new Set(photos.map(({ gradients }) => gradients)).size).toBe(1);
    // The sweep goes through what is measured anyway: it has the same labels there, and others at other strengths.
    const rowsOf = (name: string) => readRows(outputs.find(({ result }) => result.name === name)!);
    const measured = new Map(
      (await rowsOf('predictions')).map((row) => [`${row.photo} ${row.target} ${row.perturbation}`, row]),
    );
    const swept = (await rowsOf('sweep')).filter(({ rank }) => rank === 1);
    const whole = swept.filter(({ strength }) => strength === 1);
    expect(whole.length).toBeGreaterThan(20);
    for (const { photo, target, perturbation, index, probability } of whole) {
      const row = measured.get(`${photo} ${target} ${perturbation}`)!;
      expect([index, probability]).toEqual([row.perturbed, expect.closeTo(Number(row.perturbed_probability), 5)]);
    }
    for (const { photo, target, index } of swept.filter(({ strength }) => strength === 0))
      expect(index).toBe([...measured.values()].find((row) => row.photo === photo && row.target === target)!.clean);
    expect(new Set(swept.map(({ strength }) => strength)).size).toBe(9);
  });

  test('that are none are refused with the nearest', async () => {
    const study = await writeSmallStudy(join(folder, 'wrong'), { analyses: ['dominence'] });
    await expect(runStudy({ study, out: join(folder, 'wrong', 'out'), ...machine })).rejects.toThrow(
      /no finding "dominence".*Did you mean "dominance"/,
    );
  });
});

describe('defences', () => {
  test('are attacked by perturbations that know of them, crafted behind them', async () => {
    const at = join(folder, 'knowing');
    const study = await writeSmallStudy(at, { models: ['./linear1.json'] });
    const { findings: found } = await runFindings({ study, out: join(at, 'out'), ...machine }, ['defences']);
    const rows = await readRows(found[0]);
    const right = new Map<string, { blind: number; knowing: number }>();
    for (const [defence, of] of Map.groupBy(rows, (row) => row.defence as string)) {
      const blind = of.find((row) => row.crafted_behind === null && row.surrogate !== 'none');
      const knowing = of.find((row) => row.crafted_behind === defence);
      if (!blind || !knowing) continue;
      expect(knowing.perturbation).toBe(`linear1.${defence.replace(' ', '-')}.sgd-uap.inf20.s1`);
      right.set(defence, { blind: Number(blind.right), knowing: Number(knowing.right) });
    }
    expect(right.size).toBe(9);
    // What knows of a defence leaves no more photos right behind it than what does not, and behind some far fewer.
    for (const [defence, { blind, knowing }] of right) expect(knowing, defence).toBeLessThanOrEqual(blind);
    for (const defence of ['jpeg 75', 'jpeg 30']) {
      const { blind, knowing } = right.get(defence) as { blind: number; knowing: number };
      expect(knowing, defence).toBeLessThan(blind - 2);
    }
    expect(found[0].result.says).toMatch(/crafted behind the defence: jpeg 90 \d+ %, /);
  });
});

describe('the boundary of a linear network', () => {
  test('has the differences of its classes for normals: three directions of four classes, and they fool most', async () => {
    const at = join(folder, 'linear');
    const study = await writeSmallStudy(at);
    const found = await runFindings({ study, out: join(at, 'out'), ...machine }, ['normals', 'span', 'subspace']);
    const of = async (name: string) =>
      readRows(found.findings.find(({ result }) => result.name === name) as (typeof found.findings)[number]);
    const normals = await of('normals');
    for (const target of ['linear1', 'linear2']) {
      const own = normals.filter((row) => row.target === target);
      expect(own[0].normals).toBeGreaterThan(3);
      expect(own).toHaveLength(3);
      expect(own[2].share).toBeCloseTo(1, 6);
      // As many random directions in 192 dimensions lie nowhere near three of them.
      expect(own[2].random_share).toBeLessThan(0.8);
    }
    // What is crafted against a linear network is made of its gradients alone, but for their signs.
    const spans = (await of('span')).filter(({ dimensions }) => dimensions === 3);
    const shares = spans.filter(({ surrogate }) => surrogate !== 'none');
    for (const { own, share } of shares) expect(share).toSatisfy((x: number) => (own ? x > 0.4 : x < 0.2));
    expect(shares.filter(({ own }) => own)).toHaveLength(2);
    const tried = (await of('subspace')).filter(({ length }) => length === (4000 * 8) / 224);
    const mean = (dimensions: number) => {
      const some = tried.filter((row) => row.dimensions === dimensions).map(({ ratio }) => Number(ratio));
      return some.reduce((sum, ratio) => sum + ratio, 0) / some.length;
    };
    expect(mean(1)).toBeGreaterThan(mean(0) + 0.2);
  });
});

describe('a finding alone', () => {
  test('is made with the jobs that it needs and no others', async () => {
    const study = await writeSmallStudy(join(folder, 'alone'));
    const events: string[] = [];
    const { findings: found } = await runFindings(
      {
        ...{ study, out: join(folder, 'alone', 'out'), ...machine },
        onEvent: (event) => {
          if (event.event === 'job') events.push(event.stage);
        },
      },
      ['perturbations'],
    );
    expect(found.map(({ result }) => [result.name, result.rows])).toEqual([['perturbations', 3]]);
    expect(new Set(events)).toEqual(new Set(['photos', 'prepare', 'looked', 'craft', 'distortion', 'analyse']));
  });

  test('is written as tables by the command line, for a study and for a release', async () => {
    const at = join(folder, 'cli');
    const study = await writeSmallStudy(at);
    const out = join(at, 'out');
    const args = [
      'analyse',
      study,
      '--out',
      out,
      '--only',
      'dominance',
      '--only',
      'transfer',
      ...['--provider', 'cpu'],
    ];
    const json = JSON.parse((await startAtlas([...args, '--json']).ended).stdout);
    expect(json.tables.map(({ name, csv }: { name: string; csv: string }) => [name, csv])).toEqual([
      ['transfer', join(out, 'tables', 'transfer.csv')],
      ['dominance', join(out, 'tables', 'dominance.csv')],
    ]);
    const { release } = await runStudy({ study, out, ...machine });
    const ofRelease = JSON.parse((await startAtlas(['analyse', release, '--only', 'transfer', '--json']).ended).stdout);
    expect(await readFile(ofRelease.tables[0].csv)).toEqual(await readFile(json.tables[0].csv));
    const text = (await startAtlas(['analyse', release]).ended).stdout;
    expect(text).toMatch(/crafted on \(down\), tried on \(across\)/);
    for (const { title } of findFindings()) expect(text).toContain(title);
    const wrong = await startAtlas(['analyse', release, '--only', 'dominanse']).ended;
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining('Did you mean "dominance"') });
  }, 60_000);
});
