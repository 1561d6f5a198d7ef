/** From a study to the graph of its jobs. */
import { hash } from 'node:crypto';
import { type FindingResult, findFindings, transfer } from '../analyses/index.ts';
import { inOrder, type Job } from '../jobs/index.ts';
import { readModelBytes, type ZooModel } from '../zoo/index.ts';
import type { LoadedStudy } from './load.ts';
import { plannedRelease } from './planned-release.ts';
import { Planner, type PlanOptions } from './planner.ts';
import type { ReleaseResult } from './steps/release.ts';

export interface Plan {
  /** All of them, each after those that it needs. */
  jobs: Job[];
  transfer: Job<FindingResult>;
  /** By name, in the order of the table. */
  findings: Map<string, Job<FindingResult>>;
  /** null where only findings were asked for. */
  release: Job<ReleaseResult> | null;
}

/**
 * The graph of a study's jobs.
 *
 * @param findings Given: the jobs are those that findings need, of these names or of the study, and there is no
 * release.
 * @throws UsageError for an unknown attack, setting or finding, and where two perturbations would have the same id.
 */
export function plan(study: LoadedStudy, options: PlanOptions, findings?: { only?: readonly string[] }): Plan {
  const planner = new Planner(study, options);
  const wanted = findFindings(findings?.only ?? study.study.analyses);
  const tables = new Map(wanted.map((finding) => [finding.name, planner.finding(finding)]));
  const release = findings ? null : plannedRelease(planner, wanted);
  // The order that is kind to memory and to open sessions; what is needed comes before what needs it in any case.
  const { perturbations, noises, twins, models, targets } = planner;
  const inTurn: Job<unknown>[] = [
    planner.crafting,
    planner.evaluation,
    ...models.map(({ id }) => planner.prepared(id)),
    ...[...perturbations, ...noises].map((perturbation) => planner.crafted(perturbation)),
    ...twins.map((twin) => planner.derived(twin)),
    ...targets.flatMap((target) =>
      [null, ...perturbations, ...noises, ...twins].map((perturbation) => planner.measured(target, perturbation)),
    ),
    ...perturbations.map((perturbation) => planner.distortion(perturbation)),
  ];
  const ends = [...tables.values(), ...(release ? [release] : [])] as Job[];
  const needed = new Set(inOrder(ends));
  const first = (inTurn as Job[]).filter((job) => needed.has(job));
  return { jobs: inOrder([...first, ...ends]), transfer: planner.finding(transfer), findings: tables, release };
}

/**
 * SHA-256 of each model's file by id. A card that says its file's hash is believed: the file is checked when it is
 * read.
 */
export async function sourcesOf(models: readonly ZooModel[]): Promise<Map<string, string>> {
  const sources = new Map<string, string>();
  for (const model of models) {
    const { card } = model;
    sources.set(card.id, card.source.sha256 ?? hash('sha256', await readModelBytes(model)));
  }
  return sources;
}
