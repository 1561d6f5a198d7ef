/**
 * Sweep: what every model reads in the photos that show the flaw best, as each of its own perturbations grows from
 * nothing to twice its strength. It is what a page needs to answer before any network is there.
 */
import { labelOf } from '#shared/metrics';
import { common } from './columns.ts';
import { finding, type HardenedTarget, type StudyJobs } from './finding.ts';
import { plain } from './grid.ts';
import { ownOf, showcaseJob } from './showcase.ts';
import { readSweep } from './swept.ts';
import { percent } from './words.ts';

/** Factors; 0 is the photo as it is. */
export const sweepStrengths = [0, 0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2];
/** Labels of each, from the most probable on. */
const top = 5;
const photos = { light: 10, whole: 40 };

export interface SweepRow {
  photo: string;
  resists: boolean;
  target: string;
  perturbation: string | null;
  strength: number;
  rank: number;
  index: number;
  label: string;
  probability: number;
  right: boolean;
}

const needs = (study: StudyJobs) => {
  const count = photos[study.effort];
  const showcase = showcaseJob(study, count);
  return {
    showcase,
    subjects: study.subjects,
    // A hardened network is tried with the perturbations of the one that it was made from.
    targets: study.targets.map((target) => ({
      ...{ id: target.id, labels: target.labels },
      swept: study.swept(target, {
        ...{ showcase, count, top, strengths: sweepStrengths.filter((strength) => strength > 0) },
        perturbations: ownOf(study, 'network' in target ? (target as HardenedTarget).network.id : target.id).map(plain),
      }),
    })),
  };
};

export const sweep = finding({
  name: 'sweep',
  title: 'The photos that show the flaw best, on every model, at nine strengths of its own perturbations',
  source: import.meta.url,
  byDefault: false,
  columns: [
    {
      name: 'photo',
      type: 'STRING',
      description:
        'File name of the photo: chosen because it is read rightly and then fooled; of no use for estimates, which other tables give',
    },
    { name: 'resists', type: 'BOOLEAN', description: 'Whether it was chosen because it is hardly ever fooled' },
    common.predicts,
    { ...common.perturbation, nullable: true, description: 'Id of the perturbation; null for the photo as it is' },
    { name: 'strength', type: 'DOUBLE', description: 'Factor on the perturbation, 0 for the photo as it is' },
    { name: 'rank', type: 'INT32', description: '1 for the most probable label' },
    { name: 'index', type: 'INT32', description: 'Class index of the label' },
    { name: 'label', type: 'STRING', description: 'The label' },
    { name: 'probability', type: 'DOUBLE', description: 'Its probability' },
    { name: 'right', type: 'BOOLEAN', description: 'Whether it names what the photo shows' },
  ],
  needs,
  async rows({ showcase, subjects, targets }) {
    const right = new Map(subjects.map(({ photo, labels }) => [photo, labels]));
    const rows: SweepRow[] = [];
    for (const { id: target, labels, swept } of targets) {
      for (const { photo, perturbation, strength, predictions } of await readSweep(swept)) {
        const { resists } = showcase.result.photos.find((one) => one.photo === photo) as { resists: boolean };
        predictions.forEach(({ index, probability }, i) => {
          const label = labelOf(labels, index);
          const isRight = right.get(photo)?.includes(label) ?? false;
          rows.push({
            ...{ photo, resists, target, perturbation, strength, rank: i + 1 },
            ...{ index, label, probability, right: isRight },
          });
        });
      }
    }
    const order = new Map(showcase.result.photos.map(({ photo }, i) => [photo, i]));
    return rows.sort((a, b) => Number(order.get(a.photo)) - Number(order.get(b.photo)));
  },
  says: saysOf,
});

/** How strong a perturbation has to be before the label of such a photo changes. */
export function saysOf(rows: readonly SweepRow[]): string | null {
  const first = rows.filter(({ rank }) => rank === 1);
  const keyOf = ({ photo, target, index }: SweepRow) => `${photo} ${target} ${index}`;
  const clean = new Set(first.filter(({ perturbation }) => perturbation === null).map(keyOf));
  const tried = (strength: number) => first.filter((row) => row.perturbation !== null && row.strength === strength);
  const fooled = (strength: number) =>
    tried(strength).filter((row) => !clean.has(keyOf(row))).length / tried(strength).length;
  if (tried(1).length === 0) return null;
  const photos = new Set(first.map(({ photo }) => photo));
  const resisting = new Set(first.filter(({ resists }) => resists).map(({ photo }) => photo));
  return `Of ${photos.size} photos chosen to show the flaw${resisting.size > 0 ? `, ${resisting.size} of which resists,` : ','} ${percent(fooled(0.25))} of the readings change at a quarter of the strength, ${percent(fooled(0.5))} at half, ${percent(fooled(1))} at the whole.`;
}
