import { z } from 'zod';

/** Where models run: what a person may name, and what a record tells. Results depend on it in the last digits. */
export const provider = z.enum(['cpu', 'cuda', 'webgpu']);
export type Provider = z.infer<typeof provider>;
