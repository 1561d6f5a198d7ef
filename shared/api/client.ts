import createClient, { type ClientOptions } from 'openapi-fetch';
import type { components, paths } from './types.ts';

export type Problem = components['schemas']['Problem'];
export type Classification = components['schemas']['Classification'];

/** The API answered with a problem, or with nothing that could be read. */
export class ApiError extends Error {
  override name = 'ApiError';
  status: number;
  problem: Problem | undefined;

  constructor(status: number, problem: Problem | undefined) {
    super(problem ? `${problem.title}: ${problem.detail}` : `The API answered ${status} and no more. Try again.`);
    this.status = status;
    this.problem = problem;
  }
}

/**
 * Calls the API with the types of its OpenAPI document: paths, parameters and answers.
 *
 * @param options `baseUrl` is the host, "" in a page of its site; `fetch` replaces the platform's
 * @example
 * const atlas = atlasClient({ baseUrl: 'http://localhost:8787' });
 * const { models } = answerOf(await atlas.GET('/api/v1/models'));
 */
export const atlasClient = ({ baseUrl, fetch }: Pick<ClientOptions, 'baseUrl' | 'fetch'>) =>
  createClient<paths>({
    baseUrl,
    fetch,
    // The only bodies are images.
    bodySerializer: (body) => body,
    headers: { 'Content-Type': 'application/octet-stream' },
  });

export type AtlasClient = ReturnType<typeof atlasClient>;

/** The answer of a call. @throws ApiError where there is a problem instead */
export function answerOf<T>(result: { data?: T; error?: unknown; response: { status: number } }): T {
  if (result.data === undefined) {
    const problem = result.error as Partial<Problem> | undefined;
    throw new ApiError(result.response.status, problem?.detail ? (problem as Problem) : undefined);
  }
  return result.data;
}
