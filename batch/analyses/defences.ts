/**
 * Defences: what is done to pictures before a network sees them, and what that leaves of perturbations and of what the
 * network knew. Squeezing, JPEG, total variation and random resizing are the usual ones (papers in
 * `shared/graph/defences`). Each is part of the network's graph, so that it can be attacked as well. Beside them the
 * same networks hardened (docs/hardening.md), which may say "tampered with" instead of a label: of all of them it is
 * counted how many photos get the right label, are flagged, or get a wrong one.
 */
import type { Defence } from '#shared/graph';
import { changedShare, holm, pairedTest, wilson } from '#shared/metrics';
import { random } from '#shared/synthetic';
import type { Output, Outputs } from '../jobs/index.ts';
import { common, interval } from './columns.ts';
import { finding, type StudyJobs, type StudyPerturbation, surrogateOf, type Target } from './finding.ts';
import { truthOf } from './grid.ts';
import { type MeasuredResult, readMeasurement } from './outputs.ts';
import { meantFor } from './perturbations-of.ts';
import { readLabels, someOf } from './probes.ts';
import { percent } from './words.ts';

/** Of the draws of random resizing. */
const seed = 1;
const draws = 16;
/** The smallest share of the canvas that a picture is resized to: 299 of 331 pixels in the paper. */
const smallest = 0.9;

function resizing(canvas: number): Defence {
  const draw = random(seed, 'defence');
  const least = Math.min(canvas - 1, Math.ceil(smallest * canvas));
  return {
    kind: 'resize',
    draws: Array.from({ length: draws }, () => {
      const side = least + draw.below(canvas - least);
      const room = canvas - side + 1;
      return { side, down: draw.below(room), right: draw.below(room) };
    }),
  };
}

/** By name, in the order of the table. */
export const defencesOf = (canvas: number): [string, Defence][] => [
  ['jpeg 90', { kind: 'jpeg', quality: 90 }],
  ['jpeg 75', { kind: 'jpeg', quality: 75 }],
  ['jpeg 50', { kind: 'jpeg', quality: 50 }],
  ['jpeg 30', { kind: 'jpeg', quality: 30 }],
  ['median', { kind: 'median' }],
  ['blur', { kind: 'blur', sigma: 1 }],
  ['bits', { kind: 'bits', bits: 3 }],
  ['variation', { kind: 'variation', weight: 15 }],
  ['resize', resizing(canvas)],
];

/** A light study tries the first two networks, one perturbation each, on so many photos. */
const light = {
  targets: 2,
  perturbations: 1,
  photos: 32,
  defences: ['jpeg 75', 'jpeg 50', 'median', 'bits', 'resize'],
};

/**
 * Of a whole study the first perturbation of each network is crafted anew, behind each defence: that one knows of it.
 */
const needs = (study: StudyJobs) => {
  const isLight = study.effort === 'light';
  const photos = isLight ? light.photos : null;
  const targets = study.models.slice(0, isLight ? light.targets : undefined);
  const used = defencesOf(study.canvas).filter(([name]) => !isLight || light.defences.includes(name));
  return {
    ...{ photos, evaluation: study.evaluation, classes: study.classes },
    targets: targets.map((target) => {
      const own = meantFor(study.perturbations, target.id);
      const crafted = own.filter(({ surrogates }) => surrogates.length > 0).slice(0, isLight ? 0 : 1);
      const tried = withNoise(study, isLight ? own.slice(0, light.perturbations) : own);
      return {
        ...{ id: target.id, wnids: target.wnids },
        hardened: study.hardened
          .filter(({ network }) => network.id === target.id)
          .slice(0, 1)
          .map((one) => ({
            clean: study.measured(one, null),
            perturbed: tried.map((perturbation) => study.measured(one, perturbation)),
          })),
        clean: study.measured(target, null),
        perturbations: tried.map((perturbation) => ({
          ...{ id: perturbation.id, surrogate: surrogateOf(perturbation) },
          measured: study.measured(target, perturbation),
        })),
        defences: used.map(([name, defence]) => {
          const knowing = crafted.map((one) => knowingOf(study, one, target, [name, defence]));
          const labels = study.probes.defended(target, defence, [...tried, ...knowing], photos);
          const known = knowing.map((one) => ({
            ...{ id: one.id, surrogate: surrogateOf(one) },
            measured: study.measured(target, one),
          }));
          return { name, labels, known };
        }),
      };
    }),
  };
};

function knowingOf(study: StudyJobs, own: StudyPerturbation, target: Target, [name, defence]: [string, Defence]) {
  return study.craftedOn(own, study.behind(target, name, defence));
}

/** The noise of the same bound after the perturbations, each once. */
function withNoise(study: StudyJobs, own: StudyPerturbation[]): StudyPerturbation[] {
  const noise = new Map(own.map((perturbation) => study.control(perturbation)).map((control) => [control.id, control]));
  return [...own, ...[...noise.values()].filter(({ id }) => own.every((one) => one.id !== id))];
}

export interface DefenceRow {
  target: string;
  defence: string;
  perturbation: string;
  surrogate: string;
  crafted_behind: string | null;
  photos: number;
  kept: number;
  clean_flagged: number;
  fooled: number;
  ratio: number;
  low: number;
  high: number;
  right: number;
  wrong: number;
  flagged: number;
  right_ratio: number;
  right_low: number;
  right_high: number;
  p: number | null;
  clean_accuracy: number | null;
  accuracy: number | null;
}

type Labels = ArrayLike<number>;

/** What is said of the same photos, without a perturbation and with each. */
export interface Said {
  name: string;
  clean: Labels;
  /** By perturbation. */
  perturbed: readonly Labels[];
  /** Of a hardened network: the label that says so, and what it would say of the photos as they are if it had none. */
  rejects?: { tampered: number; beneath: Labels };
}

/** What stands for a hardened network beside the defences. */
const hardenedName = 'class';

/**
 * The rows of one model.
 * @param plain Without a defence, named "none".
 * @param truth The true class of each photo; null where it is not known.
 */
export function defenceRows(
  target: string,
  perturbations: readonly (Pick<DefenceRow, 'surrogate' | 'crafted_behind'> & { id: string })[],
  plain: Said,
  defended: readonly Said[],
  truth: readonly (number | null)[],
): DefenceRow[] {
  const isRight = (labels: Labels) => Array.from(labels, (label, i) => label === plain.clean[i]);
  const count = (hits: readonly boolean[]) => hits.filter(Boolean).length;
  const known = truth.flatMap((label, i) => (label === null ? [] : [i]));
  const accuracyOf = (labels: Labels) =>
    known.length === 0 ? null : known.filter((i) => labels[i] === truth[i]).length / known.length;
  return perturbations.flatMap(({ id, surrogate, crafted_behind }, k) => {
    const without = isRight(plain.perturbed[k]);
    const ps = holm(defended.map(({ perturbed }) => pairedTest(without, isRight(perturbed[k]))));
    return [plain, ...defended].map(({ name, clean, perturbed, rejects }, d): DefenceRow => {
      const flagged = (labels: Labels) => Array.from(labels).filter((label) => label === rejects?.tampered).length;
      const hits = isRight(perturbed[k]);
      const { ratio, low, high } = wilson(count(hits), hits.length);
      return {
        ...{ target, defence: name, perturbation: id, surrogate, crafted_behind },
        ...{ kept: count(isRight(clean)), clean_flagged: flagged(clean) },
        ...changedShare(rejects?.beneath ?? clean, perturbed[k], rejects?.tampered),
        ...{ right: count(hits), wrong: hits.length - count(hits) - flagged(perturbed[k]) },
        flagged: flagged(perturbed[k]),
        ...{ right_ratio: ratio, right_low: low, right_high: high, p: d === 0 ? null : ps[d - 1] },
        ...{ clean_accuracy: accuracyOf(clean), accuracy: accuracyOf(perturbed[k]) },
      };
    });
  });
}

async function hardenedSaid(
  { clean, perturbed }: { clean: Output<MeasuredResult>; perturbed: readonly Output<MeasuredResult>[] },
  indices: readonly number[],
): Promise<Said> {
  const some = (labels: Labels) => indices.map((index) => labels[index]);
  const { labels, detection } = await readMeasurement(clean);
  const seen = await Promise.all(perturbed.map(readMeasurement));
  return {
    ...{ name: hardenedName, clean: some(labels), perturbed: seen.map((one) => some(one.labels)) },
    ...(detection && { rejects: { tampered: detection.tampered, beneath: some(detection.beneath) } }),
  };
}

export const defences = finding({
  name: 'defences',
  title: 'What a defence in front of a network leaves of perturbations, and of the network',
  source: import.meta.url,
  byDefault: false,
  columns: [
    common.predicts,
    {
      name: 'defence',
      type: 'STRING',
      description:
        'What pictures go through first: "none"; "jpeg" of a quality; "median" of 3 x 3 pixels; "blur": Gaussian of 1 pixel; "bits": 3 for each colour; "variation": less of it; "resize": made up to a tenth smaller and put somewhere, by chance; "class": nothing, but the network is hardened',
    },
    common.perturbation,
    common.surrogate,
    {
      name: 'crafted_behind',
      type: 'STRING',
      nullable: true,
      description: 'The defence that it was crafted behind, knowing of it; null where it knows of none',
    },
    common.photos,
    { name: 'kept', type: 'INT32', description: 'Of the photos as they are: those whose label the defence leaves' },
    {
      name: 'clean_flagged',
      type: 'INT32',
      description: 'Of the photos as they are: those that a hardened network calls tampered with',
    },
    {
      name: 'fooled',
      type: 'INT32',
      description: 'Photos whose label behind the defence the perturbation changes',
    },
    { name: 'ratio', type: 'DOUBLE', description: 'fooled / photos' },
    ...interval('low', 'high'),
    {
      name: 'right',
      type: 'INT32',
      description: 'Perturbed photos that get the label which they have without perturbation and defence',
    },
    { name: 'wrong', type: 'INT32', description: 'Perturbed photos that get another label, and are not flagged' },
    {
      name: 'flagged',
      type: 'INT32',
      description: 'Perturbed photos that a hardened network calls tampered with; a defence says so of none',
    },
    { name: 'right_ratio', type: 'DOUBLE', description: 'right / photos' },
    ...interval('right_low', 'right_high'),
    {
      name: 'p',
      type: 'DOUBLE',
      nullable: true,
      description:
        'Exact McNemar test of right against no defence on the same photos, corrected for the defences (Holm); null for none',
    },
    {
      name: 'clean_accuracy',
      type: 'DOUBLE',
      nullable: true,
      description: 'Share of the photos as they are that get their true class; null where it is not known',
    },
    {
      name: 'accuracy',
      type: 'DOUBLE',
      nullable: true,
      description: 'The same of perturbed photos',
    },
  ],
  needs,
  async rows({ photos, evaluation, classes, targets }) {
    const { names } = evaluation.result;
    const indices = someOf(names.length, photos);
    const rows: DefenceRow[] = [];
    for (const { id, wnids, clean, perturbations, defences, hardened } of targets) {
      const some = async (output: Outputs<typeof clean>) => {
        const { labels } = await readMeasurement(output);
        return indices.map((index) => labels[index]);
      };
      const plain: Said = {
        name: 'none',
        clean: await some(clean),
        perturbed: await Promise.all(perturbations.map(({ measured }) => some(measured))),
      };
      const defended = await Promise.all(
        defences.map(async ({ name, labels }): Promise<Said> => {
          const [behind, ...perturbed] = await readLabels(labels);
          return { name, clean: behind, perturbed };
        }),
      );
      const rejecting = await Promise.all(hardened.map((one) => hardenedSaid(one, indices)));
      const all = truthOf(names, { wnids }, classes);
      const truth = indices.map((index) => all[index]);
      const first = defended.map(({ perturbed, ...said }) => ({
        ...said,
        perturbed: perturbed.slice(0, perturbations.length),
      }));
      const plainly = perturbations.map((one) => ({ ...one, crafted_behind: null }));
      rows.push(...defenceRows(id, plainly, plain, [...first, ...rejecting], truth));
      for (const [d, { name, known }] of defences.entries()) {
        const without = { ...plain, perturbed: await Promise.all(known.map(({ measured }) => some(measured))) };
        const behind = { ...defended[d], perturbed: defended[d].perturbed.slice(perturbations.length) };
        const knowing = known.map((one) => ({ id: one.id, surrogate: one.surrogate, crafted_behind: name }));
        rows.push(...defenceRows(id, knowing, without, [behind], truth));
      }
    }
    return rows;
  },
  says(rows) {
    const crafted = rows.filter(({ surrogate, crafted_behind }) => surrogate !== 'none' && crafted_behind === null);
    if (crafted.length === 0) return null;
    const share = (of: readonly DefenceRow[], value: (row: DefenceRow) => number) =>
      percent(of.reduce((sum, row) => sum + value(row) / row.photos, 0) / of.length);
    const [[, none], ...others] = Map.groupBy(crafted, ({ defence }) => defence);
    const hardened = crafted.filter(({ defence }) => defence === hardenedName);
    const before = others.filter(([name]) => name !== hardenedName);
    const said = before.map(
      ([name, of]) => `${name} ${share(of, ({ right }) => right)} (of clean ones ${share(of, ({ kept }) => kept)})`,
    );
    const knowing = rows.filter(({ defence, crafted_behind }) => defence === crafted_behind);
    const known = [...Map.groupBy(knowing, ({ defence }) => defence)].map(
      ([name, of]) => `${name} ${share(of, ({ right }) => right)}`,
    );
    const attacked =
      known.length > 0 ? ` Of perturbations that were crafted behind the defence: ${known.join(', ')}.` : '';
    const flagged =
      hardened.length > 0
        ? ` Hardened networks keep the label of ${share(hardened, ({ right }) => right)} and call ${share(hardened, (row) => row.flagged)} tampered with (of clean ones ${share(hardened, ({ kept }) => kept)} and ${share(hardened, (row) => row.clean_flagged)}).`
        : '';
    const defended = said.length > 0 ? `; behind one: ${said.join(', ')}` : '';
    return `Of perturbed photos ${share(none, ({ right }) => right)} keep their label without a defence${defended}.${attacked}${flagged}`;
  },
});
