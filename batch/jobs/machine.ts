import type { Compute } from '#shared/compute';
import type { Provider } from '#shared/release';
import { type ComputeOptions, openCompute } from '../compute/index.ts';

/** What jobs run on: the provider that their results depend on, and compute, opened when a job first asks for it. */
export interface Machine {
  options: ComputeOptions;
  compute?: Promise<Compute<Provider>>;
}

/** @throws ComputeError when the provider does not work on this machine. */
export function computeOf(machine: Machine): Promise<Compute<Provider>> {
  machine.compute ??= openCompute(machine.options).catch((error) => {
    machine.compute = undefined;
    throw error;
  });
  return machine.compute;
}

/** Ends the threads, where there are any. */
export async function closeMachine(machine: Machine): Promise<void> {
  const compute = await machine.compute?.catch(() => undefined);
  machine.compute = undefined;
  await compute?.close();
}
