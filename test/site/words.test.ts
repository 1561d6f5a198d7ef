/** Numbers as the pages say them, and the sentences that are made of a release. */
import { describe, expect, test } from 'vitest';
import { openApiDocument } from '#shared/api';
import { wilson } from '#shared/metrics';
import { cellColours, inkOn } from '../../site/charts/colour.ts';
import { transferSentences } from '../../site/findings.ts';
import { bytes, interval, linkTo, percent } from '../../site/format.ts';
import { publishedFor } from '../../site/lab-answers.ts';
import { labData } from '../../site/lab-data.ts';
import { operationsOf, propertiesOf } from '../../site/reference.ts';
import type { Atlas } from '../../site/release.ts';

const plain = (text: string) => text.replaceAll('\u202f', ' ');

describe('numbers', () => {
  test('are percent, intervals and sizes as people write them', () => {
    expect(plain(percent(0.8642))).toBe('86.4 %');
    expect(plain(percent(1, 0))).toBe('100 %');
    expect(plain(interval({ low: 0.798, high: 0.912 }))).toBe('79.8\u201391.2 %');
    expect([0, 999, 1000, 9_949, 10_000, 999_499, 1e6, 2.54e7, 1e8].map((size) => plain(bytes(size)))).toEqual([
      ...['0 B', '999 B', '1.0 kB', '9.9 kB', '10 kB', '999 kB', '1.0 MB', '25.4 MB', '100 MB'],
    ]);
  });

  test('become links only where a source is an address of the web', () => {
    expect(linkTo('https://example.org/a/My%20cat.jpg')).toEqual({
      href: 'https://example.org/a/My%20cat.jpg',
      name: 'My cat.jpg',
    });
    for (const source of ['javascript:alert(1)', 'data:text/html,x', 'ftp://example.org/x', 'my own photo'])
      expect(linkTo(source), source).toBeNull();
  });
});

describe('colours', () => {
  /** WCAG 2.2: relative luminance and contrast, from their definitions. */
  const luminance = (colour: string) => {
    const [r, g, b] = colour.match(/\d+/g)!.map((value) => {
      const c = Number(value) / 255;
      return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };

  test('of every ratio have ink that can be read on them, the better of black and white', () => {
    for (let ratio = 0; ratio <= 1; ratio += 0.02) {
      for (const isFooled of [true, false]) {
        const { paper, ink } = cellColours(ratio, isFooled);
        const inks = ink.match(/#\w+/g)!;
        for (const [i, colour] of paper.match(/rgb\([^)]+\)/g)!.entries()) {
          const [onBlack, onWhite] = [(luminance(colour) + 0.05) / 0.05, 1.05 / (luminance(colour) + 0.05)];
          expect(inks[i], colour).toBe(onBlack >= onWhite ? '#000' : '#fff');
          expect(Math.max(onBlack, onWhite)).toBeGreaterThanOrEqual(4.5);
        }
      }
    }
    // Luminance 0.181 and 0.178: the two contrasts are equal at 0.179.
    expect([inkOn('rgb(118, 118, 118)'), inkOn('rgb(117, 117, 117)')]).toEqual(['#000', '#fff']);
    expect([inkOn('rgb(110, 110, 110)'), inkOn('rgb(255, 255, 0)')]).toEqual(['#fff', '#000']);
  });
});

/** An Atlas of two networks, a plate crafted on each, and of noise. `fooled` of 100 photos, row by row. */
function atlasOf(fooled: { one: [number, number]; two: [number, number] }, controls = 10, photos = 100): Atlas {
  const noise = 6;
  const row = (perturbation: string, target: string, count: number, of = photos) => ({
    ...{ perturbation, target, photos: of, fooled: count, ...wilson(count, of) },
    ...{ noise: noise / of, noise_fooled: noise, noise_low: wilson(noise, of).low, noise_high: wilson(noise, of).high },
  });
  const control = (perturbation: string, target: string, count: number) => ({
    ...{ perturbation, target, control: 'blocks', seed: 1, photos, fooled: controls, ...wilson(controls, photos) },
    ...{ only_perturbation: Math.max(0, count - 1), only_control: 1, p: count > 20 ? 1e-6 : 0.4 },
  });
  const plate = (id: string, surrogates: string[], counts: [number, number]) => {
    const evaluation = ['one', 'two'].map((target, i) => row(id, target, counts[i]));
    return {
      entry: { id, surrogates, attack: 'house', norm: 'inf', epsilon: 10 },
      record: {
        examples: [],
        fooling: {
          evaluation,
          ...(surrogates.length > 0 && { controls: ['one', 'two'].map((target, i) => control(id, target, counts[i])) }),
        },
      },
      own: evaluation.filter(({ target }) => surrogates.includes(target)),
    };
  };
  const plates = [
    plate('p1', ['one'], fooled.one),
    plate('p2', ['two'], fooled.two),
    plate('noise', [], [noise, noise]),
  ];
  return { plates, rows: plates.flatMap(({ record }) => record.fooling.evaluation) } as unknown as Atlas;
}

describe('what the matrix shows, in sentences', () => {
  test('tells own ratios from those carried over, and both from noise', () => {
    const said = transferSentences(atlasOf({ one: [80, 30], two: [15, 90] })).map(plain);
    expect(said[0]).toMatch(/the network that it was crafted on reads in 80 to 90 % of them/);
    expect(said[1]).toMatch(/not crafted on, it changes 15 to 30 %; random noise of the same bound, 6 %\./);
    // 15 of 100 is 9.3 to 23.3 %, and 6 of 100 up to 12.5 %: only the other transfer is clear of the noise.
    expect(said[2]).toMatch(/^In 1 of these 2 transfers the two lie so far apart/);
    expect(said.at(-1)).toMatch(/measured on the same 100 evaluation photographs/);
  });

  test('says where patterns that nobody crafted do as much', () => {
    const said = transferSentences(atlasOf({ one: [80, 30], two: [15, 90] }))
      .map(plain)
      .join(' ');
    expect(said).toMatch(/the strongest changes 10 %\./);
    expect(said).toMatch(/By a paired test at 5 %, 1 of the 4 ratios \(all of them carried over\) are not higher/);
    const clear = transferSentences(atlasOf({ one: [80, 30], two: [40, 90] }))
      .map(plain)
      .join(' ');
    expect(clear).toMatch(/Every one of the 4 ratios is higher than each of them/);
  });

  test('claims the same photographs only where they are the same', () => {
    const atlas = atlasOf({ one: [80, 30], two: [15, 90] });
    atlas.rows[0].photos = 99;
    expect(transferSentences(atlas).join(' ')).not.toContain('evaluation photographs');
  });
});

describe('the reference', () => {
  test('tells answers from problems, and what has to be given from what may be', () => {
    const operations = operationsOf(openApiDocument);
    expect(operations.length).toBeGreaterThan(10);
    for (const { answers } of operations)
      for (const { status } of answers) expect(['200', '206', '304']).toContain(status);
    const schema = { properties: { a: { type: 'string' }, b: { type: 'string' } }, required: ['b'] };
    expect(propertiesOf(schema).map(({ name, required }) => [name, required])).toEqual([
      ['a', false],
      ['b', true],
    ]);
    expect(propertiesOf({ type: 'array', items: schema })).toHaveLength(2);
  });
});

describe('what the lab may choose from', () => {
  const example = (photo: string, target: string, fooled: boolean, probability: number) => ({
    ...{ photo, target, fooled, clean: { index: 1, label: 'a', probability } },
    perturbed: { index: fooled ? 2 : 1, label: 'b', probability: 0.5 },
    key: `examples/${photo}.png`,
  });
  const model = (id: string, edge: boolean) => ({
    ...{ card: { id, title: id }, key: `models/${id}.onnx`, bytes: 1, labels: `labels/${id}.json`, edge },
  });
  const photo = (file: string) => ({
    file,
    key: `photos/${file}`,
    author: 'A',
    licence: 'CC0',
    source: 'https://x.org',
    ...(file === 'c.jpg' && { subject: { shows: 'a cat', labels: ['tabby'] } }),
  });
  const atlas = {
    manifest: {
      ...{ version: '1.0.0', canvas: 8 },
      models: [model('large', false), model('small', true), model('other', true)],
      photos: ['a.jpg', 'b.jpg', 'c.jpg'].map(photo),
      tables: [],
    },
    plates: ['small', 'large'].map((surrogate, i) => ({
      ...{ id: `${surrogate}.house`, number: i + 1, title: surrogate },
      entry: { surrogates: [surrogate], attack: 'house', norm: 'inf', epsilon: 10, npy: 'v.npy', preview: 'v.png' },
      record: {
        examples: [
          example('a.jpg', surrogate, false, 0.99),
          example('b.jpg', surrogate, true, 0.6),
          example('c.jpg', surrogate, true, 0.9),
          // Not published.
          example('d.jpg', surrogate, true, 0.95),
        ],
      },
    })),
    titleOf: (id: string) => id,
  } as unknown as Atlas;

  test('are models of the edge alone, and it begins with a photo that the network is sure of and that is fooled', async () => {
    const { data, opening } = (await labData(atlas))!;
    expect(data.models.map(({ id }) => id)).toEqual(['small', 'other']);
    expect(data.start).toEqual({ photo: 'c', model: 'small', perturbation: 'small.house', strength: 1 });
    expect([opening.clean.probability, opening.perturbed.index]).toEqual([0.9, 2]);
    // Without a sweep there is nothing between the photo and the whole pattern.
    expect(data.stop).toBe(1);
  });

  test('are published photos, called by what they show where somebody said it', async () => {
    const { data } = (await labData(atlas))!;
    expect(data.photos.every(({ canvas }) => canvas)).toBe(true);
    expect(data.photos.map(({ id, name }) => [id, name])).toEqual([
      ['c', 'a cat'],
      ['b', 'b'],
      ['a', 'a'],
    ]);
    expect(Object.keys((await publishedFor(atlas, 'c.jpg')).models)).toEqual(['small', 'large']);
    expect((await publishedFor(atlas, 'e.jpg')).models).toEqual({});
  });
});
