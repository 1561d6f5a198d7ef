/**
 * Subspace: whether a few directions suffice to fool. Random vectors in the span of the first singular vectors of the
 * boundary's normals are tried on evaluation photos, beside random vectors of the same length. The normals come from
 * crafting photos. (Paper: see boundary.ts; in the span of the first 100 of 10,000 photos' a random vector of length
 * 2000 fools 38 %, anywhere 10 %.)
 */
import { atLeast, changedShare, holm, meanAndDeviation, meanShare } from '#shared/metrics';
import { boundariesOf, boundarySeed } from './boundary.ts';
import { common, interval } from './columns.ts';
import { finding, type StudyJobs } from './finding.ts';
import { readLabels } from './probes.ts';
import { percent } from './words.ts';

const tried = {
  light: { dimensions: [0, 1, 4, 16], lengths: [2000, 4000], draws: 2, photos: 24 },
  whole: { dimensions: [0, 1, 2, 5, 10, 20, 50, 100, 200], lengths: [1000, 2000, 4000], draws: 5, photos: null },
};
/** Canvas that lengths are meant for: as long on every pixel of others. */
const usual = 224;

const needs = (study: StudyJobs) => {
  const { lengths, ...rest } = tried[study.effort];
  const scaled = { ...rest, lengths: lengths.map((length) => (length * study.canvas) / usual), seed: boundarySeed };
  return {
    ...scaled,
    targets: boundariesOf(study).map(({ target, normals }) => ({
      ...{ id: target.id, normals, spanned: study.probes.spanned(target, normals, scaled) },
    })),
  };
};

export interface SubspaceRow {
  target: string;
  normals: number;
  dimensions: number;
  length: number;
  draws: number;
  photos: number;
  ratio: number;
  low: number;
  high: number;
  p: number | null;
}

type Labels = ArrayLike<number>;

/** Vectors of one length: of so many dimensions, the labels with each draw. */
export interface Drawn {
  dimensions: number;
  draws: readonly Labels[];
}

/**
 * Of vectors of one length on one model; the first are those that lie anywhere.
 * @returns Ratios over all draws, and how probable such a difference from anywhere would be by chance.
 */
export function subspaceRows(clean: Labels, drawn: readonly Drawn[]) {
  const hits = drawn.map(({ draws }) =>
    Array.from(clean, (label, i) => draws.filter((labels) => labels[i] !== label).length),
  );
  const ps = holm(hits.slice(1).map((some) => signTest(some, hits[0])));
  return drawn.map(({ dimensions, draws }, k) => {
    const { photos, ratio, low, high } = meanShare(draws.map((labels) => changedShare(clean, labels)));
    return { dimensions, draws: draws.length, photos, ratio, low, high, p: k === 0 ? null : ps[k - 1] };
  });
}

/** Exact and two-sided, over the photos on which the two differ. */
function signTest(a: readonly number[], b: readonly number[]): number {
  const more = a.filter((value, i) => value > b[i]).length;
  const fewer = a.filter((value, i) => value < b[i]).length;
  return Math.min(1, 2 * atLeast(Math.max(more, fewer), more + fewer, 0.5));
}

export const subspace = finding({
  name: 'subspace',
  title: 'Whether a few directions suffice to fool: random vectors among the normals of the decision boundary',
  source: import.meta.url,
  byDefault: false,
  columns: [
    { name: 'target', type: 'STRING', description: 'Model whose normals they are, and which predicts' },
    { name: 'normals', type: 'INT32', description: 'Normals of its boundary, each next to one crafting photo' },
    {
      name: 'dimensions',
      type: 'INT32',
      description: 'The vectors are random ones in the span of so many first singular vectors of them; 0: anywhere',
    },
    { name: 'length', type: 'DOUBLE', description: 'Their Euclidean length, in units of 0..255' },
    { name: 'draws', type: 'INT32', description: 'Random vectors that were tried, drawn from seed 1' },
    common.photos,
    { name: 'ratio', type: 'DOUBLE', description: 'Share of the photos whose label changes, mean over the draws' },
    ...interval('low', 'high'),
    {
      name: 'p',
      type: 'DOUBLE',
      nullable: true,
      description:
        'Exact sign test against vectors anywhere on the same photos, corrected for the dimensions (Holm); null for those',
    },
  ],
  needs,
  async rows({ targets, lengths, draws }) {
    const rows: SubspaceRow[] = [];
    for (const { id, normals, spanned } of targets) {
      const [clean, ...labels] = await readLabels(spanned);
      const { dimensions } = spanned.result;
      for (const [l, length] of lengths.entries()) {
        const drawn = dimensions.map((count, d): Drawn => {
          const from = (d * lengths.length + l) * draws;
          return { dimensions: count, draws: labels.slice(from, from + draws) };
        });
        const of = { target: id, normals: normals.result.lengths.length, length };
        rows.push(...subspaceRows(clean, drawn).map((row) => ({ ...of, ...row })));
      }
    }
    return rows;
  },
  says(rows) {
    const lengths = [...new Set(rows.map(({ length }) => length))];
    if (lengths.length === 0) return null;
    const said = lengths.map((length) => {
      const some = rows.filter((row) => row.length === length);
      const mean = (of: number) =>
        meanAndDeviation(some.filter(({ dimensions }) => dimensions === of).map(({ ratio }) => ratio)).mean;
      const spans = [...new Set(some.map(({ dimensions }) => dimensions))].filter((count) => count > 0);
      const anywhere = `of length ${Math.round(length)} fool ${percent(mean(0))} anywhere`;
      if (spans.length === 0) return anywhere;
      const ratios = between(spans.map(mean), percent);
      return `${anywhere}, ${ratios} in the first ${between(spans, String)} directions of the boundary's normals`;
    });
    return `Random vectors ${said.join('; ')}.`;
  },
});

const between = (values: readonly number[], say: (value: number) => string) =>
  `${say(Math.min(...values))} to ${say(Math.max(...values))}`;
