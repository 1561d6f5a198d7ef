import type { Defence } from '#shared/graph';
import type { Half } from '#shared/photos';
import { preparationOf, tamperedClass } from '#shared/release';
import {
  type Control,
  type CraftedResult,
  type DerivedPerturbation,
  type DistortionResult,
  type Finding,
  type FindingResult,
  findingJob,
  type HardenedResult,
  type HardenedTarget,
  isPattern,
  type LookedResult,
  type MeasuredResult,
  type PerturbationResult,
  type PhotosResult,
  type PreparedResult,
  type SpectraResult,
  type StudyJobs,
  type StudyPerturbation,
  type Swept,
  type SweptResult,
  type Target,
} from '../analyses/index.ts';
import { pictureCount } from '../harden/index.ts';
import { type Job, noWork } from '../jobs/index.ts';
import type { Alteration } from '../photos/index.ts';
import { craftWork } from './craft-work.ts';
import type { Given } from './given.ts';
import { learntBy, type WantedHardened } from './hardened.ts';
import type { LoadedStudy } from './load.ts';
import { craftedOn, onPhotos, type PlannedPerturbation, planPerturbations } from './perturbations.ts';
import type { PhotoFiles } from './photos.ts';
import { StudyProbes } from './probes.ts';
import { craftStep } from './steps/craft.ts';
import { defendStep } from './steps/defend.ts';
import { deriveStep } from './steps/derive.ts';
import { distortionStep } from './steps/distortion.ts';
import { givenStep } from './steps/given.ts';
import { hardenStep } from './steps/harden.ts';
import { lookedStep } from './steps/looked.ts';
import { measureStep } from './steps/measure.ts';
import { photosStep } from './steps/photos.ts';
import { prepareStep } from './steps/prepare.ts';
import { spectraStep } from './steps/spectra.ts';
import { sweepStep } from './steps/sweep.ts';

export interface PlanOptions {
  photos: PhotoFiles;
  provider: string;
  /** SHA-256 of each model's file, by id. */
  sources: ReadonlyMap<string, string>;
  /** Folder that the release goes to. */
  release: string;
}

/** How often a network that is hardened is shown each photo, clean and perturbed. */
const looksOf = { light: 3, whole: 10 };

interface PlannedHardened extends HardenedTarget {
  learnt: readonly PlannedPerturbation[];
  seed: number;
}

/** Every job of a study: made when it is first asked for, and once. */
export class Planner implements StudyJobs {
  readonly perturbations: readonly PlannedPerturbation[];
  /** The noise that none of them is, and further draws and blocks of it. */
  readonly noises: readonly PlannedPerturbation[];
  readonly models: readonly Target[];
  readonly hardened: readonly PlannedHardened[];
  readonly classes: readonly (string | null)[];
  readonly canvas: number;
  readonly effort: StudyJobs['effort'];
  readonly study: LoadedStudy;
  readonly options: PlanOptions;
  readonly probes = new StudyProbes(this);
  readonly #planned: Map<string, PlannedPerturbation>;
  /** Those of the study, and those that are hardened again. */
  readonly #hardened: Map<string, PlannedHardened>;
  /** Networks behind a defence. */
  readonly #behind = new Map<string, { network: Target; defence: Defence }>();
  readonly #jobs = new Map<string, unknown>();

  constructor(study: LoadedStudy, options: PlanOptions) {
    this.study = study;
    this.options = options;
    const { perturbations, controls, draws } = planPerturbations(study);
    this.perturbations = perturbations;
    this.noises = [...controls, ...draws];
    this.#planned = new Map([...perturbations, ...this.noises].map((planned) => [planned.id, planned]));
    this.canvas = study.study.canvas;
    this.effort = study.study.effort;
    this.models = study.models.map(({ card, labels, wnids }) => ({
      ...{ id: card.id, classes: card.classes, labels },
      wnids: wnids && Array.from(wnids, (wnid) => wnid ?? null),
    }));
    this.hardened = study.hardened.map((one) => this.#plannedHardened(one));
    this.#hardened = new Map(this.hardened.map((one) => [one.id, one]));
    const classes: (string | undefined)[] = [];
    for (const { index, wnid } of study.classes ?? []) classes[index] = wnid;
    this.classes = Array.from(classes, (wnid) => wnid ?? null);
  }

  get targets(): readonly Target[] {
    return [...this.models, ...this.hardened];
  }

  get crafting(): Job<PhotosResult> {
    return this.#photos('crafting');
  }

  get evaluation(): Job<PhotosResult> {
    return this.#photos('evaluation');
  }

  prepared(id: string): Job<PreparedResult> {
    const hardened = this.#hardened.get(id);
    if (hardened) return this.hardening(hardened);
    const behind = this.#behind.get(id);
    if (behind) {
      const inputs = { prepared: this.prepared(behind.network.id), defence: behind.defence };
      return this.#once(`defend ${id}`, () => defendStep({ id, inputs, work: { ...noWork, on: behind.network.id } }));
    }
    return this.#once(`prepare ${id}`, () => {
      const model = this.#model(id);
      const source = this.options.sources.get(id) as string;
      const tampered = tamperedClass(model.card);
      const inputs = {
        ...{ source, preparation: preparationOf(model.card), canvas: this.canvas },
        ...(tampered !== undefined && { tampered }),
      };
      return prepareStep({ id, inputs, work: { ...noWork, on: id }, place: { model } });
    });
  }

  hardening({ id }: HardenedTarget): Job<HardenedResult> {
    return this.#once(`harden ${id}`, () => {
      const { network, learnt, rate, seed } = this.#hardened.get(id) as PlannedHardened;
      const looks = looksOf[this.effort];
      return hardenStep({
        id,
        inputs: {
          ...{ prepared: this.prepared(network.id), crafting: this.crafting, rate, seed, looks },
          perturbations: learnt.map((perturbation) => this.crafted(perturbation)),
          ...{ classes: network.classes, provider: this.options.provider },
        },
        work: { ...noWork, forwards: pictureCount(this.#count('crafting'), looks), on: `${network.id} ${this.canvas}` },
        place: { id: network.id },
      });
    });
  }

  hardenedAgain({ id }: HardenedTarget, also: readonly StudyPerturbation[]): HardenedTarget {
    const first = this.#hardened.get(id) as PlannedHardened;
    const further = also.map((one) => this.#planned.get(one.id) as PlannedPerturbation);
    const again = { ...first, id: `${id}.again${also.length}`, learnt: [...first.learnt, ...further] };
    this.#hardened.set(again.id, again);
    return again;
  }

  hardenedOn({ id }: HardenedTarget, name: string, learnt: readonly StudyPerturbation[]): HardenedTarget {
    const other: PlannedHardened = {
      ...(this.#hardened.get(id) as PlannedHardened),
      id: `${id}.${name}`,
      learnt: learnt.map((one) => this.#planned.get(one.id) as PlannedPerturbation),
    };
    this.#hardened.set(other.id, other);
    return other;
  }

  behind(network: Target, name: string, defence: Defence): Target {
    const id = `${network.id}.${name.replaceAll(' ', '-')}`;
    this.#behind.set(id, { network, defence });
    return { ...network, id };
  }

  craftedOn({ id }: StudyPerturbation, target: Target): StudyPerturbation {
    const planned = craftedOn(this.#planned.get(id) as PlannedPerturbation, target.id);
    this.#planned.set(planned.id, planned);
    return planned;
  }

  crafted({ id }: StudyPerturbation): Job<CraftedResult> {
    return this.#once(`craft ${id}`, () => {
      const planned = this.#planned.get(id) as PlannedPerturbation;
      const { attack, method, given, settings, norm, epsilon, seed, surrogates, budget, photos } = planned;
      if (given || !method) {
        const { sha256, v } = given as Given;
        return givenStep({ id, inputs: { sha256, norm, epsilon, canvas: this.canvas }, place: { v } });
      }
      const on = budget && {
        surrogates: surrogates.map((surrogate) => this.prepared(surrogate)),
        ...(photos !== 0 && { looked: surrogates.map((surrogate) => this.#looked(surrogate)) }),
        ...{ crafting: this.crafting, budget, photos, provider: this.options.provider },
      };
      return craftStep({
        id,
        inputs: { attack, settings, norm, epsilon, seed, canvas: this.canvas, on },
        work: craftWork({
          ...{ surrogates, budget, canvas: this.canvas, photos: photos || this.#count('crafting') },
          isKnown: photos !== 0,
        }),
        code: [method.source],
        place: { attack: method, surrogates },
      });
    });
  }

  derived({ id, from, kind, amount, seed }: DerivedPerturbation): Job<PerturbationResult> {
    return this.#once(`derive ${id}`, () =>
      deriveStep({ id, inputs: { perturbation: this.crafted(from), kind, amount, seed, canvas: this.canvas } }),
    );
  }

  measured(
    target: Target,
    perturbation: StudyPerturbation | DerivedPerturbation | null,
    by?: Alteration,
  ): Job<MeasuredResult> {
    const what = perturbation ? `${perturbation.id} on ${target.id}` : target.id;
    const id = by ? `${what} after ${by.kind} ${by.amount}` : what;
    return this.#once(`measure ${id}`, () =>
      measureStep({
        id,
        inputs: {
          prepared: this.prepared(target.id),
          photos: this.evaluation,
          perturbation: perturbation && this.#made(perturbation),
          ...(by && { altered: by }),
          provider: this.options.provider,
        },
        work: { ...noWork, forwards: this.#count('evaluation'), on: `${target.id} ${this.canvas}` },
      }),
    );
  }

  get subjects(): StudyJobs['subjects'] {
    return [...this.study.credits.values()].flatMap(({ file: photo, subject }) =>
      subject ? [{ photo, labels: subject.labels }] : [],
    );
  }

  swept(target: Target, { showcase, count, perturbations, strengths, top }: Swept): Job<SweptResult> {
    return this.#once(`sweep ${target.id}`, () =>
      sweepStep({
        id: target.id,
        inputs: {
          ...{ prepared: this.prepared(target.id), photos: this.evaluation, showcase, strengths, top },
          perturbations: perturbations.map((one) => ({ id: one.id, made: this.crafted(one) })),
          provider: this.options.provider,
        },
        work: {
          ...noWork,
          forwards: count * (1 + perturbations.length * strengths.length),
          on: `${target.id} ${this.canvas}`,
        },
      }),
    );
  }

  control({ id }: StudyPerturbation): StudyPerturbation {
    const { control } = this.#planned.get(id) as PlannedPerturbation;
    return this.#planned.get(control) as PlannedPerturbation;
  }

  onPhotos({ id }: StudyPerturbation, photos: number): StudyPerturbation {
    const planned = onPhotos(this.#planned.get(id) as PlannedPerturbation, photos);
    const known = this.#planned.get(planned.id);
    // The study's own of that name may have another budget.
    if (known && known.recipe !== planned.recipe) planned.id += '.anew';
    this.#planned.set(planned.id, planned);
    return planned;
  }

  controls(perturbation: StudyPerturbation): Control[] {
    const { draws } = this.#planned.get(perturbation.id) as PlannedPerturbation;
    const drawn = draws.map(({ kind, id }): Control => {
      const pattern = this.#planned.get(id) as PlannedPerturbation;
      return { kind, seed: pattern.seed, pattern };
    });
    return [...drawn, ...this.#twins(perturbation)];
  }

  /** What is made from the perturbations, as far as it is held against them. */
  get twins(): DerivedPerturbation[] {
    return this.perturbations.flatMap((perturbation) => this.#twins(perturbation).map(({ pattern }) => pattern));
  }

  spectra(perturbation: StudyPerturbation | null): Job<SpectraResult> {
    const id = perturbation?.id ?? 'clean';
    return this.#once(`spectra ${id}`, () =>
      spectraStep({
        id,
        inputs: { perturbation: perturbation && this.crafted(perturbation), photos: this.evaluation },
        work: { ...noWork, photos: this.#count('evaluation'), on: String(this.canvas) },
      }),
    );
  }

  distortion(perturbation: StudyPerturbation): Job<DistortionResult> {
    const { id } = perturbation;
    return this.#once(`distortion ${id}`, () =>
      distortionStep({
        id,
        inputs: { photos: this.evaluation, perturbation: this.crafted(perturbation) },
        work: { ...noWork, photos: this.#count('evaluation'), on: String(this.canvas) },
      }),
    );
  }

  finding(finding: Finding): Job<FindingResult> {
    return this.#once(`analyse ${finding.name}`, () => findingJob(finding, this));
  }

  /**
   * One that no model took part in has nothing to lose its phases. In a light study those of one recipe, whose values
   * and spectra differ by chance alone, share the twin of the lowest seed.
   */
  #twins(of: StudyPerturbation): (Control & { pattern: DerivedPerturbation })[] {
    if (isPattern(of)) return [];
    const alike = this.effort === 'light' ? this.perturbations.filter(({ recipe }) => recipe === of.recipe) : [];
    const from = alike.reduce((first, one) => (one.seed < first.seed ? one : first), of);
    const { seed } = from;
    const kind = 'phase-twin';
    return [{ kind, seed, pattern: { id: `${from.id}.${kind}`, from, kind, amount: null, seed } }];
  }

  #plannedHardened(one: WantedHardened): PlannedHardened {
    const { wanted, card, labels, wnids } = one;
    const network = this.models.find(({ id }) => id === wanted.model) as Target;
    const learnt = learntBy(one, this.perturbations, this.study.hardened);
    const { rate, seed } = wanted;
    return { ...{ id: card.id, classes: card.classes, labels, wnids }, ...{ network, learnt, rate, seed } };
  }

  #made(perturbation: StudyPerturbation | DerivedPerturbation): Job<PerturbationResult> {
    return 'from' in perturbation ? this.derived(perturbation) : this.crafted(perturbation);
  }

  /** What a model says of the crafting photos, which all that are crafted on it begin with. */
  #looked(id: string): Job<LookedResult> {
    return this.#once(`looked ${id}`, () =>
      lookedStep({
        id,
        inputs: { prepared: this.prepared(id), crafting: this.crafting, provider: this.options.provider },
        work: { ...noWork, forwards: 2 * this.#count('crafting'), on: `${id} ${this.canvas}` },
      }),
    );
  }

  #photos(half: Half): Job<PhotosResult> {
    const isExact = this.study.study.fit === 'exact';
    return this.#once(`photos ${half}`, () =>
      photosStep({
        id: half,
        inputs: {
          ...{ canvas: this.canvas, half, files: this.options.photos.files[half] },
          ...(isExact && { fit: 'exact' as const }),
        },
        work: { ...noWork, photos: this.#count(half) },
        place: { source: this.options.photos.source },
      }),
    );
  }

  /** Photos of a half, as far as files tell. */
  #count(half: Half): number {
    return this.options.photos.files[half].length;
  }

  #model(id: string) {
    return this.study.models.find(({ card }) => card.id === id) as LoadedStudy['models'][number];
  }

  #once<Made>(name: string, make: () => Made): Made {
    const known = this.#jobs.get(name) ?? make();
    this.#jobs.set(name, known);
    return known as Made;
  }
}
