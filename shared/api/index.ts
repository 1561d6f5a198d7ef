/**
 * The HTTP API as its callers see it: the OpenAPI document that the Worker serves, a client with the types that follow
 * from it, and the kinds of problem that it answers with.
 */
export { ApiError, type AtlasClient, answerOf, atlasClient, type Classification, type Problem } from './client.ts';
export { default as openApiDocument } from './openapi.json' with { type: 'json' };
export { type ProblemKind, problemKinds, problemPath } from './problem-kinds.ts';
export type { Bytes, components, paths } from './types.ts';
