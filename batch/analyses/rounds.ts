/**
 * Rounds: an arms race. A network is hardened; a perturbation is crafted on it by an attack that knows of its class; it
 * is hardened again with that one in what it learns from; and so on. S.-M. Moosavi-Dezfooli, A. Fawzi, O. Fawzi, P.
 * Frossard, "Universal adversarial perturbations", CVPR 2017, arXiv 1610.08401, section 4, fine-tune a network in
 * rounds like these, and find that the perturbations of later rounds fool it nearly as often.
 */
import { common, interval } from './columns.ts';
import { finding, type HardenedTarget, type StudyJobs, type StudyPerturbation } from './finding.ts';
import { type Hardened, hardenedColumns, readHardened } from './hardened.ts';
import { platesFor } from './plates.ts';
import { tamperedCounts } from './tampered.ts';
import { percent, sentence } from './words.ts';

/** Of a light study, with its first hardened network alone, and of a whole one. */
const most = { light: 2, whole: 5 };
/** Attacks whose loss knows of the class. */
const knowing = ['house', 'cosine-uap'];

export interface RoundRow extends ReturnType<typeof raced> {
  model: string;
  network: string;
  round: number;
  learnt: number;
  perturbation: string;
  crafted_in: number | null;
  crafting_ratio: number | null;
}

/** One network, from round to round; nothing where no attack of the study knows of the class. */
function raceOf(study: StudyJobs, first: HardenedTarget) {
  const plate = platesFor(study, first).find(
    ({ attack, surrogates }) => knowing.includes(attack) && surrogates.join() === first.network.id,
  );
  if (!plate) return [];
  const crafted: StudyPerturbation[] = [];
  const played = Array.from({ length: most[study.effort] }, (_, i) => {
    const target = i === 0 ? first : study.hardenedAgain(first, crafted);
    crafted.push(study.craftedOn(plate, target));
    const tried = [plate, ...crafted].map((one, crafted_in) => ({
      ...{ perturbation: one.id, crafted_in, crafted: study.crafted(one), measured: study.measured(target, one) },
    }));
    return {
      ...{ round: i + 1, learnt: target.learnt.length, hardened: study.hardening(target), tried },
      clean: study.measured(target, null),
    };
  });
  return [{ model: first.id, network: first.network.id, played }];
}

const needs = (study: StudyJobs) => ({
  races: study.hardened.slice(0, study.effort === 'light' ? 1 : undefined).flatMap((target) => raceOf(study, target)),
});

export const rounds = finding({
  name: 'rounds',
  title: 'Hardened networks against attackers who know of the class, round after round',
  source: import.meta.url,
  byDefault: false,
  columns: [
    ...hardenedColumns,
    { name: 'round', type: 'INT32', description: 'How often it has been hardened' },
    { name: 'learnt', type: 'INT32', description: 'Perturbations that it learnt from' },
    { ...common.perturbation, description: 'Id of the perturbation that is tried on it; "none": clean photos' },
    {
      name: 'crafted_in',
      type: 'INT32',
      nullable: true,
      description:
        'Round on whose network it was crafted, by an attack that knows of the class: those of earlier rounds are learnt from; 0: on the plain network; null for clean photos',
    },
    {
      name: 'crafting_ratio',
      type: 'DOUBLE',
      nullable: true,
      description:
        'Share of crafting photos that it fools on the network that it was crafted on; null for clean photos',
    },
    common.photos,
    { name: 'kept', type: 'INT32', description: 'Photos that have the label of the clean photo' },
    { name: 'tampered', type: 'INT32', description: 'Photos that are called "non-natural or tampered with"' },
    { name: 'fooled', type: 'INT32', description: 'Photos with any other label: fooled, and not caught' },
    { name: 'tampered_ratio', type: 'DOUBLE', description: 'tampered / photos' },
    ...interval('tampered_low', 'tampered_high'),
    { name: 'fooled_ratio', type: 'DOUBLE', description: 'fooled / photos' },
    ...interval('fooled_low', 'fooled_high'),
    { name: 'plain_fooled', type: 'INT32', description: 'Photos that fool the plain network' },
    {
      name: 'auroc',
      type: 'DOUBLE',
      nullable: true,
      description: 'Area under the ROC curve of the score of the class, against clean photos; null for clean ones',
    },
  ],
  needs,
  async rows({ races }) {
    const rows: RoundRow[] = [];
    for (const { model, network, played } of races) {
      for (const { round, learnt, hardened, clean, tried } of played) {
        const before = await readHardened(clean);
        const of = { model, network, round, learnt };
        const countsOf = (seen: Hardened, isPerturbed: boolean) => {
          const cell = { clean: before, beside: before, seen, isPerturbed, truth: [] };
          return raced(tamperedCounts({ ...cell, thresholds: hardened.result.baselines }));
        };
        const none = { perturbation: 'none', crafted_in: null, crafting_ratio: null };
        rows.push({ ...of, ...none, ...countsOf(before, false) });
        for (const { perturbation, crafted_in, crafted, measured } of tried) {
          const crafting_ratio = crafted.result.fooling?.ratio ?? null;
          const counts = countsOf(await readHardened(measured), true);
          rows.push({ ...of, perturbation, crafted_in, crafting_ratio, ...counts });
        }
      }
    }
    return rows;
  },
  says(rows) {
    const said = [...Map.groupBy(rows, ({ model }) => model)].map(([model, race]) => {
      const last = Math.max(...race.map(({ round }) => round));
      const by = (round: number, crafted_in: number) =>
        percent(race.find((row) => row.round === round && row.crafted_in === crafted_in)?.fooled_ratio ?? 0);
      return `a perturbation that was crafted on it knowing of the class fools ${model} on ${by(1, 1)} of photos, and in round ${last}, when it is hardened with those before, on ${by(last, last)}; one of the plain network on ${by(1, 0)} and ${by(last, 0)}`;
    });
    return said.length > 0 ? sentence(said) : null;
  },
});

/** The columns that the two tables share. */
function raced(counts: ReturnType<typeof tamperedCounts>) {
  const { photos, kept, tampered, fooled, tampered_ratio, tampered_low, tampered_high } = counts;
  const { fooled_ratio, fooled_low, fooled_high, plain_fooled, auroc } = counts;
  return {
    ...{ photos, kept, tampered, fooled, tampered_ratio, tampered_low, tampered_high },
    ...{ fooled_ratio, fooled_low, fooled_high, plain_fooled, auroc },
  };
}
