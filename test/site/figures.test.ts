/** The figures of the findings page: what they make of the tables of a release. */

import { hash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { ReleaseTable } from '#shared/release';
import { named } from '../../site/charts/figure.ts';
import { defences } from '../../site/charts/figures/defences.ts';
import { flow, flowOf } from '../../site/charts/figures/flow.ts';
import { resistance } from '../../site/charts/figures/resistance.ts';
import { roc } from '../../site/charts/figures/roc.ts';
import { rounds } from '../../site/charts/figures/rounds.ts';
import { saturation } from '../../site/charts/figures/saturation.ts';
import { strength } from '../../site/charts/figures/strength.ts';
import { sweep } from '../../site/charts/figures/sweep.ts';
import { tampered } from '../../site/charts/figures/tampered.ts';
import { thresholds } from '../../site/charts/figures/thresholds.ts';
import { type Dots, type Lines, percents, place } from '../../site/charts/kinds.ts';
import { evenSteps, upTo } from '../../site/charts/steps.ts';
import type { Atlas } from '../../site/release.ts';
import { writeSmallRelease } from '../support/small-release.ts';

const plate = (number: number, id: string, surrogate: string) => ({
  number,
  id,
  title: 'Net',
  entry: { surrogates: [surrogate] },
});
const atlas = {
  manifest: {
    models: [{ card: { id: 'net', title: 'Net' } }, { card: { id: 'net_b', title: 'Net B' } }],
    photos: [{ file: 'b.jpg', subject: { shows: 'a bee', labels: [] } }],
  },
  plates: [plate(1, 'net.house.s1', 'net'), plate(2, 'net.house.s1.photos0', 'net')],
  titleOf: (id: string) => (id === 'net' ? 'Net' : id),
} as unknown as Atlas;

const edge = (from: number, to: number, photos: number, perturbation = 'net.house.s1') => ({
  ...{ perturbation, target: 'net', photos, from, from_label: `label ${from}`, to, to_label: `label ${to}` },
});

describe('figures', () => {
  test('name plates and networks as the site does, and only whole ids', () => {
    const said = named('net.house.s1.photos0 on net_b: 5 %; net.house.s1 on net, magnet, net.house.s1.x.', atlas);
    expect(said).toBe('plate 2 (Net) on Net B: 5\u202f%; plate 1 (Net) on Net, magnet, net.house.s1.x.');
  });

  test('place values on a scale, and those beyond it at its ends', () => {
    const scale = { from: -1, to: 1, ticks: [] };
    expect([-2, -1, 0, 0.5, 3].map((value) => place(scale, value))).toEqual([
      '0.00%',
      '0.00%',
      '50.00%',
      '75.00%',
      '100.00%',
    ]);
    expect(place({ ...percents, from: 1, to: 0 }, 0.25)).toBe('75.00%');
  });

  test('draw every photo once on either side of a flow, the rare labels together, and what is kept apart', () => {
    const rows = [
      edge(1, 9, 30),
      edge(2, 9, 20),
      edge(3, 3, 5),
      ...Array.from({ length: 10 }, (_, i) => edge(10 + i, 9, 1)),
    ];
    const { total, before, after, bands } = flowOf(rows);
    const sum = (counts: { count: number }[]) => counts.reduce((all, { count }) => all + count, 0);
    expect([total, sum(before), sum(after), sum(bands)]).toEqual([65, 65, 65, 65]);
    expect(before.at(-1)).toEqual({ name: 'all other labels', count: 10 });
    for (const [i, { count }] of before.entries()) expect(sum(bands.filter(({ from }) => from === i))).toBe(count);
    for (const [i, { count }] of after.entries()) expect(sum(bands.filter(({ to }) => to === i))).toBe(count);
    expect(bands.filter(({ isChanged }) => !isChanged).map(({ said }) => said)).toEqual(['5 of 65: label 3, kept.']);
  });

  test('choose for the flow the plate that leads most photos to five labels on its own network, and say so', () => {
    const other = Array.from({ length: 10 }, (_, i) => edge(i, 20 + i, 1, 'net.house.s1.photos0'));
    expect(flow.says([...other, edge(1, 9, 6), edge(9, 9, 4)], atlas)).toBe(
      'Plate 1 leads 10 of 10 photographs on Net to five labels (label 9), which 4 had before.',
    );
  });

  test('average seeds, and put no photo at all first', () => {
    const row = { surrogate: 'net', attack: 'house', photos: 100, low: 0.1, high: 0.9, noise: 0.2 };
    const rows = [
      { ...row, crafting_photos: 5, ratio: 0.6 },
      { ...row, crafting_photos: 0, ratio: 0.3 },
      { ...row, crafting_photos: 5, ratio: 0.8 },
    ];
    const chart = saturation.draw(rows, atlas)[0].chart as Lines;
    expect(chart.x.ticks.map(({ text }) => text)).toEqual(['no photo', '5']);
    expect(chart.series[0].points.map(({ y }) => y)).toEqual([0.3, 0.7]);
    expect(chart.level?.at).toBeCloseTo(0.2);
  });

  test('tell strengths from variants, and order these by what they fool', () => {
    const row = { perturbation: 'net.house.s1', target: 'net' };
    const rows = [
      { ...row, variant: 'scaled', amount: 2, ratio: 0.9 },
      { ...row, variant: 'scaled', amount: 1, ratio: 0.8 },
      { ...row, variant: 'shuffled', amount: null, ratio: 0.1 },
      { ...row, variant: 'scaled', amount: -1, ratio: 0.7 },
    ];
    const [curves, variants] = strength.draw(rows, atlas).map(({ chart }) => chart) as [Lines, Dots];
    expect(curves.series.at(-1)?.points.map(({ x, y }) => [x, y])).toEqual([
      [1, 0.8],
      [2, 0.9],
    ]);
    expect(variants.groups[0].rows.map(({ name }) => name)).toEqual([
      'as it is',
      'with its sign flipped',
      'its pixels shuffled',
    ]);
  });

  test('put photos that resist all and those that resist none into columns of their own', () => {
    const rows = [
      ['a-b.jpg', 0],
      ['c.jpg', 4],
      ['d.jpg', 1],
    ].map(([photo, fooled_by_own]) => ({ photo, target: 'net', own: 4, fooled_by_own }));
    const [{ caption, chart }] = resistance.draw(rows, atlas);
    if (chart.kind !== 'columns') throw new Error(chart.kind);
    expect(chart.columns.map(({ items }) => items.length)).toEqual([1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1]);
    expect(chart.columns[0].items).toEqual([{ said: 'a b: fooled by 0 of 4.', isFooled: false }]);
    expect(caption).toContain('Fooled by none: a b.');
  });
});

describe('figures of defences and of decision boundaries', () => {
  test('have scales of round numbers, and even steps for numbers that grow by factors', () => {
    const texts = (largest: number) => upTo(largest).ticks.map(({ text }) => text);
    expect(texts(16)).toEqual(['0', '5', '10', '15', '20']);
    expect(texts(4.2)).toEqual(['0', '1', '2', '3', '4', '5']);
    expect(texts(1)).toEqual(['0', '0.2', '0.4', '0.6', '0.8', '1']);
    expect(upTo(0.0013).to).toBeCloseTo(0.0014 + 0.0001, 5);
    const { at, scale } = evenSteps([16, 0, 1, 16, 4]);
    expect([0, 1, 4, 16].map(at)).toEqual([0, 1, 2, 3]);
    expect(scale.ticks.map(({ text }) => text)).toEqual(['0', '1', '4', '16']);
  });

  test('show for each defence what is still fooled behind it, and what it changes by itself', () => {
    const row = { target: 'net', defence: 'jpeg 75', photos: 10, kept: 8, low: 0.2, high: 0.6, surrogate: 'net' };
    const rows = [
      { ...row, perturbation: 'net.house.s1', ratio: 0.5 },
      { ...row, perturbation: 'net.house.s1.photos0', ratio: 0.3, crafted_behind: null },
      { ...row, perturbation: 'noise', ratio: 0.1, surrogate: 'none' },
      { ...row, perturbation: 'knowing', ratio: 0.9, crafted_behind: 'jpeg 75' },
    ];
    const [{ rows: drawn, title }] = (defences.draw(rows, atlas)[0].chart as Dots).groups;
    expect([title, drawn[0].name, drawn[0].value]).toEqual(['Net', 'jpeg 75', 0.4]);
    expect(drawn[0].marks?.map(({ shape, at }) => [shape, Number(at.toFixed(3))])).toEqual([
      ['ring', 0.2],
      ['tick', 0.1],
      ['diamond', 0.9],
    ]);
    expect(drawn[0].said).toContain('Plate 1 50\u202f%, Plate 2 30\u202f%; alone it changes 20.0\u202f%');
  });

  test('show at what length photographs give way, each step ten times longer, and leave out what nobody gives way to', () => {
    const of = { perturbation: 'net.house.s1', target: 'net', photos: 20 };
    const row = { ...of, length_10: 10, length_25: 100, length_50: 1000, length_75: null, length_90: null };
    const never = { ...row, length_10: null, length_25: null, length_50: null };
    const rows = [
      { ...row, kind: 'universal' },
      { ...row, kind: 'fgsm', length_10: 0.5 },
      { ...never, kind: 'noise' },
      { ...row, kind: 'universal', perturbation: 'net.house.s1.photos0', length_10: 1 },
    ];
    const { series, x } = thresholds.draw(rows, atlas)[0].chart as Lines;
    expect(series.map(({ name, isMain, points }) => [name, isMain, points.length])).toEqual([
      ['Plate 1', true, 3],
      ['FGSM for the photograph', false, 3],
    ]);
    expect(series[0].points.map(({ x, y }) => [x, y])).toEqual([
      [1, 0.1],
      [2, 0.25],
      [3, 0.5],
    ]);
    expect([x.from, x.to, x.ticks.map(({ text }) => text)]).toEqual([-1, 3, ['0.1', '1', '10', '100', '1,000']]);
    expect(series[0].points[2].said).toBe('Plate 1: 50\u202f% of 20 photographs give way at a length of 1,000.');
  });

  test('show of a sweep how often the first label is right, photo by photo and over all', () => {
    const row = { resists: false, target: 'net', probability: 0.5, rank: 1 };
    const read = (photo: string, strength: number, right: boolean) => ({
      ...row,
      photo,
      strength,
      right,
      perturbation: null,
    });
    const rows = [read('a.jpg', 0, true), read('b.jpg', 0, true), read('a.jpg', 1, false), read('b.jpg', 1, true)];
    const seconds = rows.map((one) => ({ ...one, rank: 2, right: false }));
    const { series } = sweep.draw([...rows, ...seconds], atlas)[0].chart as Lines;
    expect(series.map(({ name, points }) => [name, points.map(({ x, y }) => [x, y])])).toEqual([
      [
        'a',
        [
          [0, 1],
          [1, 0],
        ],
      ],
      [
        'a bee',
        [
          [0, 1],
          [1, 1],
        ],
      ],
      [
        'all photographs',
        [
          [0, 1],
          [1, 0.5],
        ],
      ],
    ]);
  });

  test('show hardened networks as they are, round by round, and leave other variants to the table', () => {
    const ratios = { fooled_ratio: 0.2, fooled_low: 0.1, fooled_high: 0.3, tampered_ratio: 0.7, photos: 10 };
    const seen = { ...ratios, model: 'net', plain_fooled: 9, auroc: 0.98, learnt: true };
    const variants = ['none', 'jpeg'].map((variant) => ({ ...seen, perturbation: 'net.house.s1', variant }));
    const [{ rows }] = (tampered.draw(variants, atlas)[0].chart as Dots).groups;
    expect(rows.map(({ name, marks }) => [name, marks?.map(({ at }) => at)])).toEqual([
      ['Plate 1 (learnt)', [0.7, 0.9]],
    ]);
    const clean = { ...seen, perturbation: 'none', auroc: null, tampered_ratio: 0.03, learnt: null };
    const noise = { ...seen, perturbation: 'net.house.s1.photos0', softmax_auroc: 0.5, energy_auroc: null };
    const areas = tampered.draw([{ ...clean, variant: 'none' }, ...variants, { ...noise, variant: 'none' }], atlas)[1];
    const [area] = (areas.chart as Dots).groups;
    expect(area.title).toBe('Net, false alarms on 3.0\u202f% of clean photographs');
    expect(area.rows.map(({ name, value, marks }) => [name, value, marks])).toEqual([
      ['Plate 1 (learnt)', 0.98, []],
      ['Plate 2 (learnt)', 0.98, [{ shape: 'ring', at: 0.5 }]],
    ]);
    expect(area.rows[1].said).toContain('curve 0.98, by largest probability 0.5; 70.0\u202f% are caught');
    expect(tampered.draw([{ ...clean, variant: 'none' }], atlas)).toHaveLength(1);
    const played = [null, 0, 1].map((crafted_in) => ({ ...ratios, model: 'net', round: 2, crafted_in }));
    const [race] = (rounds.draw(played, atlas)[0].chart as Dots).groups;
    expect([race.title, ...race.rows.map(({ name }) => name)]).toEqual([
      'Net, hardened 2 times',
      'clean photographs',
      'made on the plain network',
      'made in round 1',
    ]);
  });
});

describe('the figure of what hardened networks catch', () => {
  const point = (source: string, method: string, false_alarms: number, detected: number) => ({
    ...{ model: 'net', source, learnt: source === 'all learnt', method, photos: 20, clean: 10, false_alarms, detected },
  });

  test('has a curve for each way to judge, of what was held out together, from the strictest threshold on', () => {
    const rows = [
      point('net.house.s1', 'class', 0.04, 0.1),
      ...[point('all held out', 'class', 0.25, 1), point('all held out', 'class', 0.01, 0.8)],
      ...[point('all held out', 'energy', 0.5, 0.5), point('all learnt', 'class', 0, 1)],
    ];
    const [{ caption, keys, chart }] = roc.draw(rows, atlas);
    expect(caption).toContain('Net: the share of photographs with perturbations that it never saw (20 of them)');
    expect(keys.map(({ shape }) => shape)).toEqual(['value', 'square']);
    const { series } = chart as Lines;
    expect(series.map(({ shape, isMain }) => [shape, isMain])).toEqual([
      ['value', true],
      ['square', false],
    ]);
    expect(series[0].points).toEqual([
      {
        ...{ x: 0.1, y: 0.8 },
        said: 'By the class of the hardened network: 80.0\u202f% caught where 1.0\u202f% of clean photographs are flagged.',
      },
      {
        ...{ x: 0.5, y: 1 },
        said: 'By the class of the hardened network: 100.0\u202f% caught where 25.0\u202f% of clean photographs are flagged.',
      },
    ]);
  });

  test('is of what a network learnt from where nothing was held out, one for each network', () => {
    const learnt = point('all learnt', 'class', 0, 1);
    const drawings = roc.draw([learnt, { ...learnt, model: 'other' }], atlas);
    expect(drawings.map(({ caption }) => caption.split(' that it learnt')[0])).toEqual([
      'Net: the share of photographs with the perturbations',
      'other: the share of photographs with the perturbations',
    ]);
  });
});

describe('the findings of a release', () => {
  let root = '';
  afterEach(async () => {
    vi.unstubAllEnvs();
    await rm(root, { recursive: true, force: true });
  });

  test('are those it has: with a figure where its table is as known, else with their sentence alone', async () => {
    root = await mkdtemp(join(tmpdir(), 'atlas-findings-'));
    const manifest = await writeSmallRelease(root);
    const add = async (
      name: string,
      says: string | undefined,
      columnData: Parameters<typeof parquetWriteBuffer>[0]['columnData'],
    ) => {
      const key = `releases/1.0.0/tables/${name}`;
      await writeFile(join(root, `${key}.parquet`), new Uint8Array(parquetWriteBuffer({ columnData })));
      const columns = columnData.map((one) => ({ name: one.name, type: one.type, description: '' }));
      manifest.tables.push({
        name,
        title: `On ${name}`,
        says,
        csv: `${key}.csv`,
        parquet: `${key}.parquet`,
        rows: 1,
        columns,
      } as ReleaseTable);
    };
    await add('unheard', 'They help in tiny.', [{ name: 'seed', data: [7n], type: 'INT64' }]);
    await add('strength', 'It is 5 %.', [{ name: 'ratio', data: ['much'], type: 'STRING' }]);
    await add('roles', 'tiny gives most.', [
      { name: 'model', data: ['tiny'], type: 'STRING' },
      { name: 'own', data: [0.5], type: 'DOUBLE' },
    ]);
    await add('flow', undefined, [{ name: 'from', data: ['x'], type: 'STRING' }]);
    const text = JSON.stringify(manifest);
    await writeFile(join(root, 'releases/1.0.0/manifest.json'), text);
    const pointer = JSON.parse(await readFile(join(root, 'latest.json'), 'utf8'));
    pointer.manifest.sha256 = hash('sha256', text);
    await writeFile(join(root, 'latest.json'), JSON.stringify(pointer));
    vi.stubEnv('ATLAS_RELEASE', root);
    vi.resetModules();
    const { findings } = await import('../../site/tables.ts');
    const sections = await findings();
    expect(sections.map(({ name, says, drawings }) => [name, says, drawings.length])).toEqual([
      ['strength', 'It is 5\u202f%.', 0],
      ['roles', 'Tiny gives most.', 1],
      ['unheard', 'They help in Tiny.', 0],
    ]);
    expect(sections[2].tables[0].rows).toEqual([['7']]);
  });
});
