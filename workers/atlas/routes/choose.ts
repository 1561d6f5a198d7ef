import { edgeModelBytes, type Manifest, type ReleaseModel } from '#shared/release';
import { Problem } from '../problems.ts';

type Perturbation = Manifest['perturbations'][number];

/** The model asked for, or the first that the edge serves. @throws Problem `unknown-model` or `model-not-at-edge` */
export function chooseModel(release: Manifest, id: string | undefined): ReleaseModel {
  const atEdge = release.models.filter((model) => model.edge);
  const known = atEdge.map((model) => model.card.id);
  const found = id === undefined ? atEdge[0] : release.models.find((model) => model.card.id === id);
  if (!found) {
    const detail =
      id === undefined
        ? `Release ${release.version} has no model that the edge serves. Use a model of /api/v1/models on your own machine.`
        : `Release ${release.version} has no model "${id}". Choose one of "known", or see /api/v1/models.`;
    throw new Problem('unknown-model', detail, { known });
  }
  if (!found.edge) {
    throw new Problem(
      'model-not-at-edge',
      `The model "${id}" is in release ${release.version}, and the edge does not serve it: ${whyNot(found)} Choose one of "known".`,
      { known },
    );
  }
  return found;
}

/** Why the edge does not serve a model. */
function whyNot({ bytes, card }: ReleaseModel): string {
  const megabytes = (count: number) => `${(count / 1e6).toFixed(1)} MB`;
  if (bytes > edgeModelBytes)
    return `prepared it has ${megabytes(bytes)}, and at most ${megabytes(edgeModelBytes)} fit beside a photo.`;
  return card.edge
    ? 'the release was built without it there.'
    : 'it is not offered. Its card says "edge": false; with true, as `atlas models add --edge` writes it, the next release offers it.';
}

/**
 * The perturbations asked for, without "none"; where nothing is asked, one crafted on the model, else the release's
 * first.
 *
 * @throws Problem `unknown-perturbation`
 */
export function choosePerturbations(
  release: Manifest,
  ids: string[] | undefined,
  crafted: (perturbation: Perturbation) => boolean = () => true,
): Perturbation[] {
  if (ids === undefined) {
    const first = release.perturbations.find(crafted) ?? release.perturbations[0];
    return first ? [first] : [];
  }
  return ids.filter((id) => id !== 'none').map((id) => findPerturbation(release, id));
}

/** @throws Problem `unknown-perturbation` */
export function findPerturbation({ version, perturbations, unpublished }: Manifest, id: string): Perturbation {
  const found = perturbations.find((perturbation) => perturbation.id === id);
  if (found) return found;
  const isMeasured = unpublished?.some((perturbation) => perturbation.id === id);
  throw new Problem(
    'unknown-perturbation',
    `Release ${version} ${isMeasured ? `has figures of the perturbation "${id}", and not itself: others made it` : `has no perturbation "${id}"`}. Choose one of "known", or see /api/v1/perturbations.`,
    { known: perturbations.map((perturbation) => perturbation.id) },
  );
}
