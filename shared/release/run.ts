import { z } from 'zod';

/**
 * releases/<version>/run.json: when, how long and where a release was made. Nothing in the release depends on it, and
 * nor does its version: the same study gives the same version on another day and machine, and every byte but those of
 * this file and of the manifest, which lists it.
 */
export const releaseRun = z.object({
  schema: z.literal(1),
  created: z.iso.datetime(),
  /** Of the code that laid the release out. */
  commit: z.string(),
  /** What the release was laid out on. */
  machine: z.object({
    platform: z.string(),
    architecture: z.string(),
    processor: z.string(),
    cores: z.int(),
    /** Bytes. */
    memory: z.int(),
    node: z.string(),
  }),
  /** How each perturbation was made: the commit of the code, and seconds of crafting. */
  perturbations: z.array(z.object({ id: z.string(), commit: z.string(), seconds: z.number() })),
});
export type ReleaseRun = z.infer<typeof releaseRun>;
