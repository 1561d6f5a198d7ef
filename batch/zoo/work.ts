/**
 * Modules of what is done with graphs of model files, each in a process of its own: who made a file is anybody's guess.
 */
export const graphWork = new URL('./graph-work.ts', import.meta.url);
export type GraphWork = typeof import('./graph-work.ts');

export const checkWork = new URL('./check-work.ts', import.meta.url);
export type CheckWork = typeof import('./check-work.ts');

export const vjpWork = new URL('./vjp-work.ts', import.meta.url);
export type VjpWork = typeof import('./vjp-work.ts');
