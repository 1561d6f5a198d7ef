/**
 * `npm run openapi`: writes the OpenAPI document that the Worker serves, and the client's types that follow from it,
 * into shared/api.
 */
import { writeFile } from 'node:fs/promises';
import { startWorker } from '../test/support/worker.ts';
import { openApiTypes } from './openapi-types.ts';

const folder = new URL('../shared/api/', import.meta.url);
const worker = await startWorker();
try {
  const document = await (await fetch(`${worker.url}/api/v1/openapi.json`)).json();
  await writeFile(new URL('openapi.json', folder), `${JSON.stringify(document, null, 2)}\n`);
  await writeFile(new URL('types.ts', folder), await openApiTypes(document));
} finally {
  await worker.dispose();
}
