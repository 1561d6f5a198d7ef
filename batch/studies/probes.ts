/** The jobs that ask more of networks than what they answer. */
import type { Defence } from '#shared/graph';
import type {
  ComparedResult,
  LabelledResult,
  NormalsResult,
  PreparedResult,
  Probes,
  SpannedOptions,
  SpannedResult,
  StudyJobs,
  StudyPerturbation,
  Target,
  ThresholdsResult,
} from '../analyses/index.ts';
import { type Job, noWork } from '../jobs/index.ts';
import type { PhotoFiles } from './photos.ts';
import { comparedStep } from './steps/compared.ts';
import { defendedStep } from './steps/defended.ts';
import { normalsStep } from './steps/normals.ts';
import { spannedStep } from './steps/spanned.ts';
import { thresholdsStep } from './steps/thresholds.ts';

/** What the jobs are made from. */
interface Planned extends Pick<StudyJobs, 'canvas' | 'crafting' | 'evaluation' | 'crafted'> {
  readonly options: { provider: string; photos: PhotoFiles };
  prepared(id: string): Job<PreparedResult>;
}

/** Made when first asked for, and once. */
export class StudyProbes implements Probes {
  readonly #planner: Planned;
  readonly #jobs = new Map<string, Job<never>>();

  constructor(planner: Planned) {
    this.#planner = planner;
  }

  defended(
    target: Target,
    defence: Defence,
    perturbations: readonly StudyPerturbation[],
    photos: number | null,
  ): Job<LabelledResult> {
    const inputs = { ...this.#on(target), defence, perturbations: this.#crafted(perturbations), photos };
    const forwards = (1 + perturbations.length) * this.#count(photos);
    const amounts = Object.values(defence).filter((value) => typeof value !== 'object');
    const id = [target.id, ...amounts].join('.');
    // Slower than the model alone: its speed is its own.
    return this.#once(`defended ${id} ${inputs.perturbations.map((made) => made.id)} ${photos}`, () =>
      defendedStep({ id, inputs, work: { ...noWork, forwards, on: `${id} ${this.#planner.canvas}` } }),
    );
  }

  compared(target: Target, perturbations: readonly StudyPerturbation[], photos: number | null): Job<ComparedResult> {
    const inputs = { ...this.#on(target), perturbations: this.#crafted(perturbations), photos };
    // Every photo goes through as it is and perturbed.
    const forwards = 2 * perturbations.length * this.#count(photos);
    return this.#once(`compared ${target.id} ${inputs.perturbations.map(({ id }) => id)} ${photos}`, () =>
      comparedStep({
        id: target.id,
        inputs,
        work: { ...noWork, forwards, on: `${target.id} ${this.#planner.canvas}` },
      }),
    );
  }

  normals(target: Target, { photos, seed }: { photos: number; seed: number }): Job<NormalsResult> {
    const { crafting, options, canvas } = this.#planner;
    const prepared = this.#planner.prepared(target.id);
    const inputs = { prepared, crafting, photos, seed, provider: options.provider };
    const count = Math.min(photos, options.photos.files.crafting.length);
    return this.#once(`normals ${target.id} ${photos} ${seed}`, () =>
      normalsStep({
        ...{ id: target.id, inputs, place: { id: target.id } },
        work: { ...noWork, photos: count, on: `${target.id} ${canvas}` },
      }),
    );
  }

  spanned(target: Target, normals: Job<NormalsResult>, of: SpannedOptions): Job<SpannedResult> {
    const inputs = { ...this.#on(target), normals, ...of };
    const conditions = 1 + of.dimensions.length * of.lengths.length * of.draws;
    const forwards = conditions * this.#count(of.photos);
    return this.#once(`spanned ${target.id} ${JSON.stringify(of)}`, () =>
      spannedStep({ id: target.id, inputs, work: { ...noWork, forwards, on: `${target.id} ${this.#planner.canvas}` } }),
    );
  }

  thresholds(
    target: Target,
    perturbation: StudyPerturbation,
    noise: StudyPerturbation,
    photos: number | null,
  ): Job<ThresholdsResult> {
    const { norm } = perturbation;
    const [made, control] = this.#crafted([perturbation, noise]);
    const inputs = { ...this.#on(target), perturbation: made, noise: control, norm, photos };
    const id = `${perturbation.id} on ${target.id}`;
    return this.#once(`thresholds ${id} ${photos}`, () =>
      thresholdsStep({
        ...{ id, inputs, place: { id: target.id } },
        work: { ...noWork, photos: this.#count(photos), on: `${target.id} ${this.#planner.canvas}` },
      }),
    );
  }

  #on(target: Target) {
    const { evaluation, options } = this.#planner;
    return { prepared: this.#planner.prepared(target.id), evaluation, provider: options.provider };
  }

  #crafted(perturbations: readonly StudyPerturbation[]) {
    return perturbations.map((perturbation) => this.#planner.crafted(perturbation));
  }

  #count(photos: number | null): number {
    const all = this.#planner.options.photos.files.evaluation.length;
    return Math.min(all, photos ?? all);
  }

  #once<Result>(name: string, make: () => Job<Result>): Job<Result> {
    const known = (this.#jobs.get(name) as Job<Result> | undefined) ?? make();
    this.#jobs.set(name, known as Job<never>);
    return known;
  }
}
