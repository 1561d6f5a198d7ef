/** Hardened networks of a study: from its file to a release. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { inHashOrder } from '#shared/photos';
import type { Manifest } from '#shared/release';
import type { Job } from '../../batch/jobs/index.ts';
import { verifyRelease } from '../../batch/publish/index.ts';
import { runStudy } from '../../batch/studies/index.ts';
import { loadStudy } from '../../batch/studies/load.ts';
import { findPhotos } from '../../batch/studies/photos.ts';
import { plan } from '../../batch/studies/plan.ts';
import { differing } from '../support/folders.ts';
import { writeSmallNetwork } from '../support/small-network.ts';
import { writeSmallStudy } from './small-study.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'atlas-hardened-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const budget = { gradients: 200 };
const perturbations = [
  { attack: 'cosine-uap', epsilon: 40, seeds: [1, 2, 3], surrogates: ['small'], budget },
  { attack: 'sgd-uap', epsilon: 40, surrogates: ['small', 'linear1'], budget },
  { attack: 'noise', epsilon: 40 },
];
const onHardened = { attack: 'cosine-uap', epsilon: 40, surrogates: ['small-hardened'], budget };
const hardened = [{ model: 'small', rate: 0.1 }];

async function studyIn(name: string, change: Record<string, unknown> = {}): Promise<string> {
  const at = join(folder, name);
  await writeSmallNetwork(at, 32);
  const models = ['./small.json', './linear1.json'];
  const all = { canvas: 32, models, hardened, perturbations, analyses: ['transfer', 'tampered', 'predictions'] };
  return writeSmallStudy(at, { ...all, effort: 'light', ...change });
}

async function jobsOf(change: Record<string, unknown> = {}): Promise<Job[]> {
  const study = await loadStudy(await studyIn('plan', change));
  const photos = await findPhotos(study.photos, join(folder, 'none'), { keep: false });
  const sources = new Map(study.models.map(({ card }) => [card.id, `file of ${card.id}`]));
  return plan(study, { photos, provider: 'cpu', sources, release: folder }).jobs;
}
const named = (jobs: readonly Job[], step: string) => jobs.filter((job) => job.step === step);
const learnt = (jobs: readonly Job[]) => named(named(jobs, 'harden')[0].needs, 'craft').map(({ id }) => id);

describe('a hardened network', () => {
  const crafted = [
    ...[1, 2, 3].map((seed) => `small.cosine-uap.inf40.s${seed}`),
    ...['small.sgd-uap.inf40.s1', 'linear1.sgd-uap.inf40.s1'],
  ];

  test('learns from crafting photos and from perturbations of the models, of which a third is held out', async () => {
    const jobs = await jobsOf({ perturbations: [...perturbations, onHardened] });
    const [job] = named(jobs, 'harden');
    expect(named(job.needs, 'photos').map(({ id }) => id)).toEqual(['crafting']);
    expect(named(job.needs, 'prepare').map(({ id }) => id)).toEqual(['small']);
    const [held] = inHashOrder(crafted);
    expect(learnt(jobs)).toEqual(crafted.filter((id) => id !== held));
    // What was crafted on it comes after it.
    const [after] = named(jobs, 'craft').filter(({ needs }) => needs.includes(job));
    expect(after.id).toBe('small-hardened.cosine-uap.inf40.s1');
    // It is crafted on only where it is named.
    expect(named(await jobsOf(), 'craft').some(({ id }) => id.startsWith('small-hardened'))).toBe(false);
  });

  test('holds out what the study says instead, and nothing of few', async () => {
    const holdOut = crafted.slice(0, 2);
    expect(learnt(await jobsOf({ hardened: [{ ...hardened[0], holdOut }] }))).toEqual(crafted.slice(2));
    expect(learnt(await jobsOf({ perturbations: perturbations.slice(0, 1) }))).toEqual(crafted.slice(0, 3));
  });

  test('is hardened again in each round with what was crafted on it before', async () => {
    const jobs = await jobsOf({ analyses: ['rounds'] });
    const rounds = named(jobs, 'harden');
    expect(rounds.map(({ id }) => id)).toEqual(['small-hardened', 'small-hardened.again1']);
    const from = rounds.map(({ needs }) => named(needs, 'craft').map(({ id }) => id));
    const [first, second] = from;
    const added = second.filter((id) => !first.includes(id));
    expect(second).toEqual([...first, ...added]);
    // Crafted in the way of one of the model's own, which knows of the class.
    expect(added).toEqual([expect.stringMatching(/^small-hardened\.cosine-uap\.inf40\.s[123]$/)]);
    const crafts = named(jobs, 'craft').filter(({ needs }) => needs.some((need) => rounds.includes(need)));
    expect(crafts.map(({ id, needs }) => [id, needs.find((need) => rounds.includes(need))])).toEqual([
      [added[0], rounds[0]],
      [added[0].replace('small-hardened', 'small-hardened.again1'), rounds[1]],
    ]);
  });

  test('is hardened without each attack and without the perturbations of each network, where a study is whole', async () => {
    const jobs = await jobsOf({
      analyses: ['tampered'],
      effort: 'whole',
      perturbations: [...perturbations, onHardened],
    });
    const without = named(jobs, 'harden').filter(({ id }) => id.startsWith('small-hardened.without.'));
    const from = without.map(({ id, needs }) => [id.split('.').at(-1), named(needs, 'craft').map((need) => need.id)]);
    expect(from).toEqual([
      ['cosine-uap', crafted.slice(3)],
      ['sgd-uap', crafted.slice(0, 3)],
      ['small', crafted.slice(4)],
      ['linear1', crafted.slice(0, 4)],
    ]);
    // Each is tried with what it has not seen, and with clean photos.
    const tried = named(jobs, 'measure').filter(({ needs }) => needs.includes(without[0]));
    expect(tried.map(({ id }) => id)).toEqual(
      ['', ...crafted.slice(0, 3).map((id) => `${id} on `)].map((of) => `${of}small-hardened.without.cosine-uap`),
    );
    const light = await jobsOf({ analyses: ['tampered'], perturbations });
    expect(named(light, 'harden')).toHaveLength(1);
  });

  test.each([
    [{ hardened: [{ model: 'smal' }] }, /hardens smal, .*Did you mean "small"/],
    [{ hardened: [{ model: 'small', id: 'linear1' }] }, /two models of the id linear1/],
    [{ hardened: [hardened[0], hardened[0]] }, /two models of the id small-hardened/],
    [{ hardened: [{ model: 'small', holdOut: ['smal.cosine-uap.inf40.s1'] }] }, /Did you mean "small.cosine-uap/],
    [{ hardened: [{ model: 'small', holdOut: crafted }] }, /no perturbation to learn from/],
    [{ hardened: [{ model: 'small', rate: 1 }] }, /rate must be less than 1/],
    [{ perturbations: [{ ...onHardened, surrogates: ['small-harden'] }] }, /Did you mean "small-hardened"/],
  ])('%j is refused with what is wrong', async (change, message) => {
    await expect(jobsOf(change)).rejects.toThrow(message);
  });
});

describe('a study with one', () => {
  let study: string;
  let release: string;
  let manifest: Manifest;
  const tableOf = async (name: string) => {
    const { parquet } = manifest.tables.find((table) => table.name === name)!;
    return parquetReadObjects({ file: await asyncBufferFromFile(join(release, parquet)) });
  };
  const machine = { provider: 'cpu', workers: 1 } as const;
  beforeAll(async () => {
    study = await studyIn('run', { perturbations: [...perturbations, onHardened] });
    ({ release } = await runStudy({ study, out: join(folder, 'out'), ...machine }));
    const latest = JSON.parse(await readFile(join(release, 'latest.json'), 'utf8'));
    manifest = JSON.parse(await readFile(join(release, latest.manifest.key), 'utf8'));
  });

  test('publishes it with its card and its labels, of which the last is new', async () => {
    expect((await verifyRelease(release)).problems).toEqual([]);
    const model = manifest.models.find(({ card }) => card.id === 'small-hardened')!;
    expect(manifest.models.map(({ card }) => card.id)).toEqual(['small', 'linear1', 'small-hardened']);
    expect(model).toMatchObject({ edge: true, card: { classes: 5, licence: 'MIT', hardened: { model: 'small' } } });
    // The card is true of the file in the release, into which a canvas goes as it is.
    expect(model.card.source).toEqual({ file: model.key, sha256: model.sha256, bytes: model.bytes });
    expect(model.card.preprocessing).toMatchObject({ inputSize: 32, range: 255, mean: [0, 0, 0], std: [1, 1, 1] });
    const labels = JSON.parse(await readFile(join(release, model.labels), 'utf8'));
    expect(labels).toEqual(['cat', 'dog', 'cup', 'car', 'non-natural or tampered with']);
  });

  test('has it as a target, where "tampered with" does not count as fooled', async () => {
    const predictions = await tableOf('predictions');
    const transfer = (await tableOf('transfer')).filter(({ target }) => target === 'small-hardened');
    expect(transfer).toHaveLength(7);
    for (const { perturbation, fooled, tampered, photos } of transfer) {
      const of = predictions.filter((row) => row.perturbation === perturbation && row.target === 'small-hardened');
      expect(of).toHaveLength(photos);
      expect(of.filter((row) => row.perturbed === 4)).toHaveLength(tampered);
      expect(of.filter((row) => row.fooled)).toHaveLength(fooled);
      expect(of.some((row) => row.fooled && row.perturbed === 4)).toBe(false);
    }
    expect(transfer.some(({ tampered }) => tampered > 0)).toBe(true);
    for (const { target, tampered } of await tableOf('transfer'))
      if (target !== 'small-hardened') expect(tampered).toBe(null);
  });

  test('says of each perturbation whether it was learnt from, and what becomes of every photo', async () => {
    const rows = await tableOf('tampered');
    const learntFrom = (perturbation: string) =>
      rows.find((row) => row.perturbation === perturbation && row.variant === 'none')!.learnt;
    const crafted = rows.filter(({ surrogate, variant }) => surrogate !== 'none' && variant === 'none');
    expect(crafted.filter(({ learnt }) => learnt)).toHaveLength(4);
    expect(learntFrom('small-hardened.cosine-uap.inf40.s1')).toBe(false);
    expect([learntFrom('noise.inf40.s1'), learntFrom('none')]).toEqual([null, null]);
    const variants = new Set(rows.map(({ variant, amount }) => `${variant} ${amount}`));
    for (const wanted of ['scaled 0.25', 'scaled 2', 'jpeg 75', 'resize 0.75', 'crop 0.875'])
      expect(variants).toContain(wanted);
    for (const { photos, kept, tampered, fooled, auroc, perturbation } of rows) {
      expect(kept + tampered + fooled).toBe(photos);
      expect(auroc === null).toBe(perturbation === 'none');
    }
    // What happens to photos that nobody has tampered with; drawn pictures among them.
    for (const wanted of ['blur 1.5', 'dark 0.5', 'noise 8', 'colours 16', 'drawn 1'])
      expect(rows.filter((row) => `${row.variant} ${row.amount}` === wanted)).toMatchObject([{ perturbation: 'none' }]);
    // Energies are taken of clean photos and of what was held out, as they are.
    for (const { spectrum_auroc, spectrum_ratio, learnt, perturbation, variant } of rows) {
      const isTried = variant === 'none' && (learnt === false || perturbation === 'none');
      expect(spectrum_ratio !== null).toBe(isTried);
      expect(spectrum_auroc !== null).toBe(isTried && perturbation !== 'none');
      if (spectrum_auroc !== null) expect(spectrum_auroc).toBeGreaterThan(0.4);
    }
    // What was crafted on it knows of the class, and scores less than what it learnt from.
    const aurocOf = (id: string) => crafted.find(({ perturbation }) => perturbation === id)!.auroc;
    expect(aurocOf('small-hardened.cosine-uap.inf40.s1')).toBeLessThan(aurocOf('small.cosine-uap.inf40.s1') - 0.2);
  });

  test('is the same to the byte with another number of threads', async () => {
    const again = await runStudy({ study, out: join(folder, 'again'), provider: 'cpu', workers: 2 });
    const version = manifest.version;
    expect(again.version).toBe(version);
    const own = (name: string) => `releases/${version}/${name}`;
    expect(await differing(release, again.release)).toEqual(['latest.json', own('manifest.json'), own('run.json')]);
  });
});
