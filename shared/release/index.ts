/** The schemas that every part of the Atlas reads files by, the names of keys, and hashing. */
export * from './bounds.ts';
export * from './edge.ts';
export * from './fit.ts';
export * from './hash.ts';
export * from './keys.ts';
export * from './measures.ts';
export * from './media-types.ts';
export * from './metadata.ts';
export * from './model-card.ts';
export * from './provider.ts';
export * from './records.ts';
export * from './run.ts';
export * from './study.ts';
export * from './tampered.ts';
