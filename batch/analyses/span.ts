/**
 * Span: how much of each perturbation lies in the directions that the normals of a network's decision boundary have in
 * common: of the network that it was crafted on, and of others. Were it a random vector, d of D directions would hold d
 * / D of its square. (Paper: see boundary.ts.)
 */
import { boundariesOf } from './boundary.ts';
import { common } from './columns.ts';
import { finding, type StudyJobs, surrogateOf } from './finding.ts';
import { readPerturbation } from './outputs.ts';
import { readDirections } from './probes.ts';
import { dot } from './singular.ts';

const needs = (study: StudyJobs) => ({
  targets: boundariesOf(study).map(({ target, normals }) => ({ id: target.id, normals })),
  perturbations: study.perturbations.map((perturbation) => ({
    ...{ id: perturbation.id, surrogate: surrogateOf(perturbation), surrogates: [...perturbation.surrogates] },
    crafted: study.crafted(perturbation),
  })),
});

export interface SpanRow {
  perturbation: string;
  surrogate: string;
  target: string;
  own: boolean;
  dimensions: number;
  share: number;
  chance: number;
}

/** 1, 2, 5, 10, 20, 50, … and all of them. */
export function dimensionsOf(all: number): number[] {
  const steps = [1, 2, 5, 10, 20, 50, 100, 200].filter((count) => count < all);
  return all > 0 ? [...steps, all] : [];
}

/** Of the square of a vector, what lies in the span of the first of orthonormal ones, one more each time. */
export function sharesIn(vectors: readonly ArrayLike<number>[], v: ArrayLike<number>): number[] {
  const all = dot(v, v);
  let sum = 0;
  return vectors.map((vector) => {
    sum += dot(vector, v) ** 2;
    return all === 0 ? 0 : sum / all;
  });
}

export const span = finding({
  name: 'span',
  title: 'How much of each perturbation lies in the directions that the normals of decision boundaries share',
  source: import.meta.url,
  byDefault: false,
  columns: [
    common.perturbation,
    common.surrogate,
    { name: 'target', type: 'STRING', description: 'Model whose normals they are' },
    { name: 'own', type: 'BOOLEAN', description: 'Whether it was crafted on this model' },
    { name: 'dimensions', type: 'INT32', description: 'So many first singular vectors of the normals' },
    { name: 'share', type: 'DOUBLE', description: 'Share of the square of the perturbation that lies in their span' },
    { name: 'chance', type: 'DOUBLE', description: 'What it would be on average of a vector in a random direction' },
  ],
  needs,
  async rows({ targets, perturbations }) {
    const rows: SpanRow[] = [];
    for (const { id, normals } of targets) {
      const vectors = await readDirections(normals);
      for (const { id: perturbation, surrogate, surrogates, crafted } of perturbations) {
        const v = await readPerturbation(crafted);
        const shares = sharesIn(vectors, v);
        for (const dimensions of dimensionsOf(vectors.length)) {
          rows.push({
            ...{ perturbation, surrogate, target: id, own: surrogates.includes(id), dimensions },
            ...{ share: shares[dimensions - 1], chance: dimensions / v.length },
          });
        }
      }
    }
    return rows;
  },
  says(rows) {
    const most = (of: readonly SpanRow[]) =>
      of.filter(({ dimensions }) => dimensions === Math.max(...of.map((row) => row.dimensions)));
    const whole = [...Map.groupBy(rows, ({ target }) => target).values()].flatMap(most);
    const crafted = whole.filter(({ surrogate }) => surrogate !== 'none');
    const [own, others] = [crafted.filter((row) => row.own), crafted.filter((row) => !row.own)];
    if (own.length === 0) return null;
    const times = (of: readonly SpanRow[]) =>
      Math.round(of.reduce((sum, { share, chance }) => sum + share / chance, 0) / of.length);
    const beside = others.length > 0 ? `, of those of other networks ${times(others)} times` : '';
    return `In the ${own[0].dimensions} directions that the normals of a boundary span lies ${times(own)} times as much of the network's own perturbations as of a random vector${beside}.`;
  },
});
