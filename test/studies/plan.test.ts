import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { UsageError } from '#shared/errors';
import { CodeReader, type Job, keysOf } from '../../batch/jobs/index.ts';
import { craftWork } from '../../batch/studies/craft-work.ts';
import { loadStudy } from '../../batch/studies/load.ts';
import { planPerturbations } from '../../batch/studies/perturbations.ts';
import { findPhotos } from '../../batch/studies/photos.ts';
import { plan } from '../../batch/studies/plan.ts';
import { craftStep } from '../../batch/studies/steps/craft.ts';
import { writeSmallStudy } from './small-study.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'atlas-plan-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const load = async (change: Record<string, unknown>) => loadStudy(await writeSmallStudy(folder, change));
const planOf = async (perturbations: unknown[]) => planPerturbations(await load({ perturbations }));

describe('the plan of a study', () => {
  test('crafts on each model with each seed, and adds the noise that each bound and seed is read beside', async () => {
    const plan = await planOf([{ attack: 'cosine-uap', seeds: [1, 2] }, { attack: 'noise' }]);
    expect(plan.perturbations.map(({ id }) => id)).toEqual([
      'linear1.cosine-uap.inf10.s1',
      'linear1.cosine-uap.inf10.s2',
      'linear2.cosine-uap.inf10.s1',
      'linear2.cosine-uap.inf10.s2',
      'noise.inf10.s1',
    ]);
    // Seed 1 has the study's own noise.
    expect(plan.controls.map(({ id }) => id)).toEqual(['noise.inf10.s2']);
  });

  test('does not take noise of another distribution for the control', async () => {
    const plan = await planOf([{ attack: 'noise', settings: { distribution: 'uniform' }, seeds: [3] }]);
    expect(plan.perturbations).toMatchObject([{ id: 'noise.inf10.s3', control: 'control.inf10.s3' }]);
    expect(plan.controls).toMatchObject([{ id: 'control.inf10.s3', settings: {} }]);
  });

  test('holds each to three draws of noise and to blocks, which perturbations of one bound share; noise to nothing', async () => {
    const { perturbations, draws } = await planOf([
      { attack: 'cosine-uap', seeds: [1, 2] },
      { attack: 'noise', seeds: [3] },
    ]);
    const held = (id: string) => perturbations.find((one) => one.id === id)!.draws.map((draw) => draw.id);
    const noise = (...seeds: number[]) => seeds.map((seed) => `noise.inf10.s${seed}`);
    expect(held('linear1.cosine-uap.inf10.s1')).toEqual([...noise(1, 2, 3), 'blocks.inf10.s1']);
    expect(held('linear2.cosine-uap.inf10.s2')).toEqual([...noise(2, 3, 4), 'blocks.inf10.s2']);
    expect(held('noise.inf10.s3')).toEqual([]);
    // Those that are neither controls nor the study's own.
    expect(draws.map(({ id }) => id)).toEqual(['blocks.inf10.s1', ...noise(4), 'blocks.inf10.s2']);
  });

  test('holds all perturbations of one bound to the same draws in a light study, each beside the noise of its seed', async () => {
    const study = await load({
      effort: 'light',
      perturbations: [
        { attack: 'cosine-uap', seeds: [2, 5] },
        { attack: 'cosine-uap', surrogates: ['linear1'], norm: '2', seeds: [7] },
      ],
    });
    const { perturbations, controls, draws } = planPerturbations(study);
    const held = (id: string) => perturbations.find((one) => one.id === id)!;
    const drawn = [...[2, 3, 4].map((seed) => `noise.inf10.s${seed}`), 'blocks.inf10.s2'];
    for (const seed of [2, 5]) {
      const { draws, control } = held(`linear2.cosine-uap.inf10.s${seed}`);
      expect(draws.map(({ id }) => id)).toEqual(drawn);
      expect(control).toBe(`noise.inf10.s${seed}`);
    }
    expect(held('linear1.cosine-uap.l2-71.s7').draws.map(({ id }) => id)).toContain('blocks.l2-71.s7');
    expect(controls.map(({ id }) => id)).toEqual(['noise.inf10.s2', 'noise.inf10.s5', 'noise.l2-71.s7']);
    expect(draws).toHaveLength(6);
  });

  test('crafts on several models at once where surrogates are joined by +', async () => {
    const { perturbations } = await planOf([{ attack: 'cosine-uap', surrogates: ['linear1+linear2'] }]);
    expect(perturbations).toMatchObject([
      { id: 'linear1+linear2.cosine-uap.inf10.s1', surrogates: ['linear1', 'linear2'] },
    ]);
  });

  test('crafts on as many photos as are asked for, and on pictures for 0; noise on none in any case', async () => {
    const { perturbations } = await planOf([
      { attack: 'cosine-uap', surrogates: ['linear1'], photos: 3 },
      { attack: 'cosine-uap', surrogates: ['linear1'], photos: 0 },
      { attack: 'noise', photos: 3 },
    ]);
    expect(perturbations.map(({ id, photos }) => [id, photos])).toEqual([
      ['linear1.cosine-uap.inf10.s1.photos3', 3],
      ['linear1.cosine-uap.inf10.s1.photos0', 0],
      ['noise.inf10.s1', null],
    ]);
  });

  test('fills in settings, budget, and the epsilon that is usual under the norm', async () => {
    const [one, two] = (
      await planOf([
        { attack: 'cosine-uap', surrogates: ['linear1'] },
        { attack: 'cosine-uap', norm: '2' },
      ])
    ).perturbations;
    expect(one.settings).not.toEqual({});
    expect(one).toMatchObject({ budget: { gradients: 2000 }, norm: 'inf', epsilon: 10 });
    // 2000 on 224 pixels is 71 on the 8 of this study.
    expect(two).toMatchObject({ norm: '2', epsilon: 71 });
  });
});

describe('the jobs of a study', () => {
  async function jobsOf(change: Record<string, unknown> = {}, more: Record<string, unknown> = {}) {
    const study = await load(change);
    const photos = await findPhotos(study.photos, join(folder, 'none'), { keep: false });
    const sources = new Map(study.models.map(({ card }) => [card.id, `file of ${card.id}`]));
    return plan(study, { photos, provider: 'cpu', sources, release: folder, ...more }).jobs;
  }
  const keysIn = async (jobs: Job[]) => {
    const keys = keysOf(jobs, await CodeReader.open());
    return new Map(jobs.map((job) => [`${job.step} ${job.id}`, keys.get(job)]));
  };
  const crafted = 'craft linear1.sgd-uap.inf20.s1';

  test('craft on crafting photos, and measure and show on evaluation photos', async () => {
    const halves = (job: Job) => job.needs.filter(({ step }) => step === 'photos').map(({ id }) => id);
    const jobs = await jobsOf();
    const of = (step: string) => jobs.filter((job) => job.step === step);
    const needing = of('craft').filter(({ needs }) => needs.length > 0);
    expect(needing).toHaveLength(2);
    for (const job of needing) expect(halves(job)).toEqual(['crafting']);
    for (const job of [...of('measure'), ...of('distortion')]) expect(halves(job)).toEqual(['evaluation']);
    expect([of('measure').length, of('distortion').length]).toEqual([expect.any(Number), 3]);
    const [crafting, evaluation] = of('photos').map(({ inputs }) => (inputs as { files: [string][] }).files);
    const names = crafting.map(([name]) => name);
    expect(evaluation.filter(([name]) => names.includes(name))).toEqual([]);
    expect(crafting.length + evaluation.length).toBe(24);
  });

  test('have keys of their own for each seed, setting, number of photos, provider and model file', async () => {
    const before = await keysIn(await jobsOf());
    const seeds = await keysIn(
      await jobsOf({ perturbations: [{ attack: 'sgd-uap', epsilon: 20, budget: { gradients: 2000 }, seeds: [1, 2] }] }),
    );
    expect(seeds.get(crafted)).toBe(before.get(crafted));
    expect(seeds.get('craft linear1.sgd-uap.inf20.s2')).not.toBe(before.get(crafted));
    const settings = { attack: 'sgd-uap', epsilon: 20, budget: { gradients: 2000 }, settings: { clamp: 5 } };
    expect((await keysIn(await jobsOf({ perturbations: [settings] }))).get(crafted)).not.toBe(before.get(crafted));
    const onPhotos = (photos: number) => ({ attack: 'sgd-uap', surrogates: ['linear1'], epsilon: 20, photos });
    const few = await keysIn(await jobsOf({ perturbations: [onPhotos(3), onPhotos(4)] }));
    expect(few.get(`${crafted}.photos3`)).toBeDefined();
    expect(few.get(`${crafted}.photos4`)).not.toBe(few.get(`${crafted}.photos3`));
    const elsewhere = await keysIn(await jobsOf({}, { provider: 'cuda' }));
    expect(elsewhere.get(crafted)).not.toBe(before.get(crafted));
    expect(elsewhere.get('measure linear1')).not.toBe(before.get('measure linear1'));
    const sources = new Map([
      ['linear1', 'another file'],
      ['linear2', 'file of linear2'],
    ]);
    const others = await keysIn(await jobsOf({}, { sources }));
    const same = ['prepare linear2', 'craft linear2.sgd-uap.inf20.s1', 'measure linear2'];
    const another = ['prepare linear1', crafted, 'measure linear1'];
    expect(same.map((id) => others.get(id))).toEqual(same.map((id) => before.get(id)));
    for (const id of another) expect(others.get(id), id).not.toBe(before.get(id));
  });

  test('say how much work they are: a craft looks at each photo clean, mirrored and perturbed', () => {
    const of = { surrogates: ['a', 'b'], canvas: 8, photos: 10, isKnown: false };
    expect(craftWork({ ...of, budget: { gradients: 300 } })).toMatchObject({ forwards: 60, gradients: 300 });
    expect(craftWork({ ...of, isKnown: true, budget: { gradients: 300 } })).toMatchObject({ forwards: 20 });
    expect(craftWork({ ...of, budget: { fooling: 0.5 } })).toMatchObject({ gradients: 20_000, atMost: true });
    expect(craftWork({ ...of, budget: { seconds: 5 } })).toMatchObject({ forwards: 60, gradients: 0, seconds: 5 });
    expect(craftWork({ ...of, budget: null })).toMatchObject({ forwards: 0, gradients: 0 });
  });

  test('make a phase twin of each perturbation; in a light study one of each recipe, held against all of its seeds', async () => {
    const change = { perturbations: [{ attack: 'sgd-uap', seeds: [3, 2] }], analyses: ['controls'] };
    const twins = async (effort: string) => {
      const jobs = await jobsOf({ ...change, effort });
      const of = (step: string) => jobs.filter((job) => job.step === step && job.id.includes('twin')).length;
      return { made: jobs.filter(({ step }) => step === 'derive').map(({ id }) => id), measured: of('measure') };
    };
    const twin = (id: string) => `${id}.phase-twin`;
    const [two, three] = [2, 3].map((seed) => [1, 2].map((k) => twin(`linear${k}.sgd-uap.inf10.s${seed}`)));
    expect(await twins('light')).toEqual({ made: two, measured: 4 });
    const whole = await twins('whole');
    expect(new Set(whole.made)).toEqual(new Set([...two, ...three]));
    expect(whole.measured).toBe(8);
  });

  test('have the file of their attack in their code, and no other', async () => {
    const codes = await CodeReader.open();
    const craft = (await jobsOf()).find((job) => `${job.step} ${job.id}` === crafted) as Job;
    const { files } = codes.of(craft.code);
    expect(files).toContain('shared/attacks/sgd-uap.ts');
    expect(files).not.toContain('shared/attacks/sga.ts');
  });
});

describe('a study that is wrong is refused with what is wrong', () => {
  test.each([
    [{ perturbations: [{ attack: 'cosine-uap', sedes: [1] }] }, /sedes/],
    [{ perturbations: [{ attack: 'cosine-uap', surrogates: ['linear3'] }] }, /linear3.*Did you mean "linear1"/],
    [{ models: ['./linear1.json', './linear1.json'] }, /linear1 twice/],
    [{ release: { version: 'first' } }, /release\.version/],
    [{ photos: { folder: 'photos', credits: 'nothing.json' } }, /nothing\.json/],
    [
      { photos: { folder: 'photos', credits: '/dev/zero' } },
      /credits \/dev\/zero cannot be read: it is no regular file/,
    ],
    [{ photos: { folder: 'photos', classes: '.' } }, /it is a folder/],
  ])('%j', async (change, message) => {
    const error = await load(change).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(UsageError);
    expect(error.message).toMatch(message);
  });

  test.each([
    [{ attack: 'cosine-upa' }, /Did you mean "cosine-uap"/],
    [{ attack: 'cosine-uap', settings: { nonsense: 1 } }, /nonsense/],
    [
      { attack: 'cosine-uap', settings: { target: 4 } },
      /target 4 is no class of linear1, which has the classes 0 to 3/,
    ],
    [{ attack: 'uap', surrogates: ['linear1+linear2'] }, /uap crafts on one model, and 2 are given/],
    [{ attack: 'noise', norm: '2', epsilon: 3 }, /3 under norm 2 is the length of all of v.*8 x 8 pixels.*71/],
  ])('%j', async (perturbation, message) => {
    await expect(planOf([perturbation])).rejects.toThrow(message);
  });

  test('two perturbations of one id', async () => {
    const one = { attack: 'cosine-uap', seeds: [1] };
    await expect(planOf([one, one])).rejects.toThrow(/two perturbations of the id/);
  });

  const seeds = (count: number) => Array.from({ length: count }, (_, i) => i);
  test.each([
    [{ seeds: [1, 1] }, /seeds is not right: a seed stands here twice/],
    [{ seeds: seeds(1001) }, /seeds must have at most 1000 elements, not 1001/],
    [{ surrogates: ['linear1+linear1'] }, /surrogates\.0 is not right: .* each model once/],
    [{ surrogates: [Array(17).fill('linear1').join('+')] }, /at most 16 models/],
    [
      { surrogates: Array(6).fill('linear1'), seeds: seeds(1000) },
      /perturbations is not right: they come to more than 5000/,
    ],
    [{ epsilon: 1e308 }, /epsilon must be at most 1000000/],
  ])('%.80j asks for more than can be done', async (change, message) => {
    const started = performance.now();
    await expect(load({ perturbations: [{ attack: 'cosine-uap', ...change }] })).rejects.toThrow(message);
    expect(performance.now() - started).toBeLessThan(20_000);
  });
});

test('how long crafting took is no part of what it made; all else is', () => {
  const made = {
    ...{ linf: 10, l2: 100, settings: { rounds: 2 }, photos: 5, gradients: 7, seconds: 1 },
    ...{ curve: [], growth: [], fooling: null, each: [] },
  };
  const job = craftStep({ id: 'one', inputs: {}, place: {} } as unknown as Parameters<typeof craftStep>[0]);
  const of = (change: Partial<typeof made>) => JSON.stringify(job.identity({ ...made, ...change }));
  expect(of({ seconds: 2 })).toBe(of({}));
  for (const change of [{ photos: 4 }, { linf: 9 }, { l2: 99 }, { settings: { rounds: 3 } }, { gradients: 8 }])
    expect(of(change)).not.toBe(of({}));
});
