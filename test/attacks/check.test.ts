import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { attacks, checkCraft } from '#shared/attacks';
import { UsageError } from '#shared/errors';
import type { Budget } from '#shared/release';
import { loadStudy } from '../../batch/studies/load.ts';
import { planPerturbations } from '../../batch/studies/perturbations.ts';
import { atlas } from '../cli/atlas.ts';
import { writeSmallStudy } from '../studies/small-study.ts';

type Options = Parameters<typeof checkCraft>[0];
const options: Options = {
  ...{ attack: 'cosine-uap', norm: 'inf', epsilon: 10, canvas: 224, seed: 1 },
  ...{ budget: { gradients: 100 }, surrogates: [{ id: 'one', classes: 4 }], photos: 2 },
};
const two = [...options.surrogates, { id: 'two', classes: 3 }];

const refusalOf = (wrong: Partial<Options>) => {
  try {
    checkCraft({ ...options, ...wrong });
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    return (error as Error).message;
  }
  return 'accepted';
};

describe('the options of a craft', () => {
  test('are accepted as they should be, and come back with the settings filled in', () => {
    expect(checkCraft(options).settings).toMatchObject({ batch: 20, momentum: 0.9 });
    expect(checkCraft({ ...options, norm: '2', epsilon: 2000 }).attack).toBe(attacks.get('cosine-uap'));
    // Lengths grow with the canvas: 100 to 98,934 on 224 pixels are 14 to 14,133 on 32.
    for (const [canvas, ...lengths] of [
      [224, 100, 98_934],
      [32, 14, 14_133],
    ]) {
      for (const epsilon of lengths) expect(refusalOf({ norm: '2', epsilon, canvas })).toBe('accepted');
    }
    // What no model has a part in needs none of the rest.
    expect(refusalOf({ attack: 'noise', surrogates: [], budget: null, photos: 0 })).toBe('accepted');
  });

  test.each<[string, Partial<Options>, RegExp]>([
    [
      'epsilon in units of 0..1',
      { epsilon: 0.04 },
      /Epsilon 0\.04 is too small.*units of 0\.\.255\. Did you mean 10\?/,
    ],
    ['epsilon zero', { epsilon: 0 }, /Epsilon 0 is too small.*Did you mean 10\?/],
    ['epsilon below zero', { epsilon: -4 }, /Epsilon -4/],
    ['an epsilon that is no number', { epsilon: Number.NaN }, /Epsilon is NaN.*such as 10/],
    ['epsilon beyond any picture', { epsilon: 256 }, /Epsilon 256 is larger than any picture under norm inf/],
    ['an epsilon of norm inf under norm 2', { norm: '2' }, /Epsilon 10 under norm 2.*Did you mean 2000, or norm inf\?/],
    [
      'a length beyond any picture',
      { norm: '2', epsilon: 98_935 },
      /Epsilon 98935 is larger than any picture.*is 2000/,
    ],
    [
      'a length beyond any picture of a small canvas',
      { norm: '2', epsilon: 14_134, canvas: 32 },
      /larger than any picture under norm 2 on a canvas of 32 x 32 pixels\. The usual bound is 286/,
    ],
    [
      'a length that vanishes on a small canvas',
      { norm: '2', epsilon: 13, canvas: 32 },
      /Epsilon 13 under norm 2.*canvas of 32 x 32 pixels it vanishes.*Did you mean 286, or norm inf\?/,
    ],
    ['a seed that is none', { seed: 2 ** 32 }, /seed 4294967296 is no whole number from 0 to 4294967295/],
    [
      'half a gradient',
      { budget: { gradients: 1.5 } },
      /budget is wrong: gradients must be a whole number above 0, not 1\.5/,
    ],
    ['no seconds', { budget: { seconds: 0 } }, /seconds must be a number above 0/],
    ['more than every photo', { budget: { fooling: 80 } }, /fooling must be a share above 0 and at most 1/],
    ['a budget of nothing', { budget: {} as Budget }, /names gradients, seconds or fooling/],
    ['no surrogate', { surrogates: [] }, /cosine-uap needs a model to craft on/],
    ['two where one is meant', { attack: 'uap', surrogates: two }, /uap crafts on one model, and 2 are given/],
    ['a target of one alone', { surrogates: two, settings: { target: 3 } }, /target 3 is no class of two.*0 to 2/],
    ['a single photo', { photos: 1 }, /at least 2 photos.*there is 1/],
    ['an unknown setting', { settings: { momentun: 1 } }, /Did you mean "momentum"/],
  ])('are refused for %s', (_what, wrong, message) => {
    expect(refusalOf(wrong)).toMatch(message);
  });

  test('name the attacks that take several surrogates, which do', () => {
    const named = refusalOf({ attack: 'uap', surrogates: two }).split('several: ')[1].replace('.', '').split(', ');
    expect(named).toContain('cosine-uap');
    for (const attack of named) expect(refusalOf({ attack, surrogates: two }), attack).toBe('accepted');
  });
});

describe('a study and the command line', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'atlas-check-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test.each([
    { attack: 'cosine-uap', epsilon: 0.04 },
    { attack: 'cosine-uap', epsilon: 0 },
    { attack: 'cosine-uap', norm: '2', epsilon: 3 },
    { attack: 'cosine-uap', settings: { target: 4 } },
    { attack: 'uap', surrogates: ['linear1+linear2'] },
    { attack: 'cosine-uap', settings: { momentun: 1 } },
  ])(
    'refuse %j in the same words',
    async (wrong: {
      attack: string;
      norm?: string;
      epsilon?: number;
      settings?: Record<string, unknown>;
      surrogates?: string[];
    }) => {
      const study = await loadStudy(
        await writeSmallStudy(folder, { perturbations: [{ surrogates: ['linear1'], ...wrong }] }),
      );
      let planned = 'planned';
      try {
        planPerturbations(study);
      } catch (error) {
        planned = (error as Error).message;
      }
      const { attack, norm = 'inf', epsilon = 10, settings = {}, surrogates = ['linear1'] } = wrong;
      const { code, stderr } = await atlas([
        ...['craft', '--attack', attack, '--norm', norm, '--epsilon', String(epsilon), '--canvas', '8'],
        ...['--out', join(folder, 'out')],
        ...surrogates[0].split('+').flatMap((id) => ['--model', join(folder, `${id}.json`)]),
        ...Object.entries(settings).flatMap(([name, value]) => ['--set', `${name}=${value}`]),
      ]);
      expect(code).toBe(2);
      expect(stderr.trim()).toBe(`atlas: ${planned}`);
    },
  );
});
