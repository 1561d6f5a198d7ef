/** What the routes take and give, as schemas: they check requests, and the OpenAPI document is generated from them. */
export { LINK, linkedAs, newApp } from './app.ts';
export {
  decimal,
  idsUpTo,
  imageBody,
  perturbationIds,
  photoParameter,
  releaseParameter,
  strengthParameter,
  text,
  whole,
  wholeNumber,
} from './parameters.ts';
export { file, json, notModified, problems, refusedParameters } from './responses.ts';
export * from './schemas.ts';
