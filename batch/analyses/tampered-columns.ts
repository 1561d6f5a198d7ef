/** The rows of the table `tampered`, and its columns. */
import { common, interval } from './columns.ts';
import type { Column } from './finding.ts';
import { hardenedColumns } from './hardened.ts';

export interface TamperedRow {
  model: string;
  network: string;
  perturbation: string;
  surrogate: string;
  attack: string;
  learnt: boolean | null;
  variant: string;
  amount: number | null;
  left_out: string | null;
  photos: number;
  kept: number;
  tampered: number;
  fooled: number;
  tampered_ratio: number;
  tampered_low: number;
  tampered_high: number;
  fooled_ratio: number;
  fooled_low: number;
  fooled_high: number;
  plain_fooled: number;
  right: number | null;
  wrong: number | null;
  plain_right: number | null;
  auroc: number | null;
  softmax_auroc: number | null;
  softmax_ratio: number;
  energy_auroc: number | null;
  energy_ratio: number;
  spectrum_auroc: number | null;
  spectrum_ratio: number | null;
}

type TamperedColumn = Column<TamperedRow>;
type Name = keyof TamperedRow;
const count = (name: Name, description: string): TamperedColumn => ({ name, type: 'INT32', description });
const countWhereKnown = (name: Name, description: string): TamperedColumn => ({
  ...{ name, type: 'INT32', nullable: true },
  description: `${description}; null where no photo has a label`,
});
const areaOf = (name: Name, score: string): TamperedColumn => ({
  ...{ name, type: 'DOUBLE', nullable: true },
  description: `Area under the ROC curve of ${score}, perturbed photos against clean ones; null for clean ones`,
});
const above = (name: Name, score: string): TamperedColumn => ({
  ...{ name, type: 'DOUBLE' },
  description: `Share of photos whose ${score} is above a threshold that the same crafting photos set for the same rate of false alarms`,
});

const softmax = "1 less the plain network's largest probability";
const energy = "-log(sum exp) of the plain network's logits";

const spectrum = "a regression on the picture's block-DCT energies, which has learnt from the same pictures";

export const tamperedColumns: readonly TamperedColumn[] = [
  ...hardenedColumns,
  { ...common.perturbation, description: 'Id of the perturbation; "none": clean photos' },
  common.surrogate,
  common.attack,
  {
    name: 'learnt',
    type: 'BOOLEAN',
    nullable: true,
    description: 'Whether the class learnt from it; false: held out whole. null for clean photos and noise',
  },
  {
    name: 'variant',
    type: 'STRING',
    description:
      '"none": as it is; "scaled": amount times as strong; "jpeg": saved with the quality amount; "resize": made amount times as wide, and back; "crop": that share of the middle, enlarged; of clean photos alone "blur" of so many pixels, "dark": amount times as bright, "noise" of this standard deviation, "colours": so many shades of red, green and blue each, "drawn": pictures drawn from that seed in place of photos; "attack left out" and "network left out": as it is, on a network hardened without what left_out names',
  },
  { name: 'amount', type: 'DOUBLE', nullable: true, description: 'Factor, quality or share; null where none is taken' },
  {
    name: 'left_out',
    type: 'STRING',
    nullable: true,
    description:
      'Attack, or model crafted on, of whose perturbations the class was shown none, but all others of the study; null: it learnt what the study has it learn',
  },
  common.photos,
  count('kept', 'Photos that have the label of the clean photo'),
  count('tampered', 'Photos that are called "non-natural or tampered with": of clean ones, false alarms'),
  count('fooled', 'Photos with any other label: fooled, and not caught'),
  { name: 'tampered_ratio', type: 'DOUBLE', description: 'tampered / photos' },
  ...interval('tampered_low', 'tampered_high'),
  { name: 'fooled_ratio', type: 'DOUBLE', description: 'fooled / photos' },
  ...interval('fooled_low', 'fooled_high'),
  count('plain_fooled', 'Photos that fool the plain network'),
  countWhereKnown('right', 'Photos that are labelled correctly'),
  countWhereKnown('wrong', 'Photos whose class is known, with another label, and not called tampered with'),
  countWhereKnown('plain_right', 'Photos that the plain network labels correctly'),
  areaOf('auroc', 'the score of the class'),
  areaOf('softmax_auroc', softmax),
  above('softmax_ratio', softmax),
  areaOf('energy_auroc', energy),
  above('energy_ratio', energy),
  {
    ...areaOf('spectrum_auroc', spectrum),
    description: `Area under the ROC curve of ${spectrum}, perturbed photos against clean ones; null for clean ones, and where it was not tried`,
  },
  { ...above('spectrum_ratio', spectrum), nullable: true },
];
