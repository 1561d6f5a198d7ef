/**
 * The HTTP API as its callers see it: the OpenAPI document that the Worker serves, and a client with the types that
 * follow from it.
 */
export { ApiError, type AtlasClient, answerOf, atlasClient, type Classification, type Problem } from './client.ts';
export { default as openApiDocument } from './openapi.json' with { type: 'json' };
export type { Bytes, components, paths } from './types.ts';
