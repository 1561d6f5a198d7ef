/** The hardened networks of a study: their cards, and which perturbations they learn from. */

import { suggestion, UsageError } from '#shared/errors';
import { labelOf } from '#shared/metrics';
import { inHashOrder } from '#shared/photos';
import { type HardenedNetwork, type ModelCard, type Study, tamperedLabel } from '#shared/release';
import { isPattern, type StudyPerturbation } from '../analyses/index.ts';
import type { ZooModel } from '../zoo/index.ts';

/** One that a study asks for, before it is made. */
export interface WantedHardened {
  /** As the study has it. */
  wanted: HardenedNetwork;
  /** All of its card but where its file is: that is known once it is made. */
  card: Omit<ModelCard, 'source'>;
  labels: string[];
  /** WordNet id by class index; null where the model has none. */
  wnids: (string | null)[] | null;
}

/**
 * @param file Of the study, for messages.
 * @throws UsageError for a model that the study does not have, and for an id that is taken.
 */
export function hardenedOf(file: string, { hardened, canvas }: Study, models: readonly ZooModel[]): WantedHardened[] {
  const ids = models.map(({ card }) => card.id);
  const taken = new Set(ids);
  return hardened.map((wanted) => {
    const model = models.find(({ card }) => card.id === wanted.model);
    if (!model)
      throw new UsageError(
        `The study ${file} hardens ${wanted.model}, which is none of its models.${suggestion(wanted.model, ids)} Its models are ${ids.join(', ')}: add it to "models", or correct "hardened".`,
      );
    if (model.card.hardened)
      throw new UsageError(
        `The study ${file} hardens ${wanted.model}, which is a hardened network already. Harden ${model.card.hardened.model}, or take it out of "hardened".`,
      );
    const id = wanted.id ?? `${wanted.model}-hardened`;
    if (taken.has(id))
      throw new UsageError(
        `The study ${file} has two models of the id ${id}. Give the hardened network another "id", or take one out.`,
      );
    taken.add(id);
    return { wanted, ...described(id, model, canvas) };
  });
}

/** Its card is that of a prepared model: a canvas goes in as it is. */
function described(id: string, { card, labels, wnids }: ZooModel, canvas: number): Omit<WantedHardened, 'wanted'> {
  const { source: _, output: __, ...rest } = card;
  const names = Array.from({ length: card.classes }, (_, index) => labelOf(labels, index));
  return {
    card: {
      ...rest,
      id,
      title: `${card.title}, hardened`,
      preprocessing: {
        ...{ inputSize: canvas, channelOrder: 'RGB', layout: 'NCHW', range: 255 },
        ...{ mean: [0, 0, 0], std: [1, 1, 1] },
      },
      classes: card.classes + 1,
      labels: null,
      published: null,
      hardened: { model: card.id },
      notes: `${card.id} with one more class, "${tamperedLabel}", made in this study.`,
    },
    labels: [...names, tamperedLabel],
    wnids: wnids && [...Array.from(wnids, (wnid) => wnid ?? null), null],
  };
}

/** Fewer than this, and all are learnt from. */
const fewestToHoldOut = 4;

/**
 * What a hardened network learns from: perturbations that the study crafts, none of them on a hardened network, but for
 * those that are held out whole. By default these are a third of them, in the order of the hashes of their ids.
 * @throws UsageError for a held-out id that the study does not have, and where nothing is left to learn from.
 */
export function learntBy<Planned extends StudyPerturbation & { method: unknown }>(
  { wanted, card: { id } }: WantedHardened,
  perturbations: readonly Planned[],
  hardened: readonly WantedHardened[],
): Planned[] {
  const isHardened = (model: string) => hardened.some(({ card }) => card.id === model);
  const crafted = perturbations.filter(
    (one) => one.method !== null && !isPattern(one) && !one.surrogates.some(isHardened),
  );
  const ids = perturbations.map((one) => one.id);
  const unknown = wanted.holdOut?.find((held) => !ids.includes(held));
  if (unknown !== undefined)
    throw new UsageError(
      `The hardened network ${id} holds out the perturbation ${unknown}, which the study does not have.${suggestion(unknown, ids)} \`atlas run <study> --dry-run\` lists them.`,
    );
  const third = crafted.length < fewestToHoldOut ? 0 : Math.floor(crafted.length / 3);
  const held = wanted.holdOut ?? inHashOrder(crafted.map((one) => one.id)).slice(0, third);
  const learnt = crafted.filter((one) => !held.includes(one.id));
  if (learnt.length === 0)
    throw new UsageError(
      `The hardened network ${id} has no perturbation to learn from: the study crafts none on its models, or "holdOut" names all of them. Add one, or hold out fewer.`,
    );
  return learnt;
}
