/**
 * Holds every answer that a test gets by `fetch` to the OpenAPI document: its status, its media type, and its body
 * against JSON Schema 2020-12. A test that gets another one fails. Loaded before the tests of the Worker.
 */

import Ajv2020 from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { openApiDocument } from '#shared/api';

type Response200 = { content?: Record<string, { schema: object }> };
type Operation = { responses: Record<string, Response200> };

const ajv = new Ajv2020({ strict: false, allErrors: true, validateSchema: false });
addFormats(ajv);
ajv.addSchema(openApiDocument, 'atlas');

/** The path templates of the document, those with fewer parameters first. */
const templates = Object.keys(openApiDocument.paths)
  .map((template) => ({ template, pattern: patternOf(template) }))
  .toSorted((a, b) => a.template.split('{').length - b.template.split('{').length);

/** A key or a folder of /data holds slashes, which a template cannot say; the root has one behind it, or none. */
function patternOf(template: string): RegExp {
  const source = template.replace(/[.+]/g, '\\$&').replace(/\{(\w+)\}/g, (_, name) => {
    return name === 'folder' || name === 'key' ? '.*[^/]' : '[^/]+';
  });
  return new RegExp(template === '/data' ? '^/data/?$' : `^${source}$`);
}

/** What is wrong with an answer by the document; null where nothing is, or where the document says nothing of it. */
export async function faultOf(method: string, path: string, response: Response): Promise<string | null> {
  if (method === 'OPTIONS' || !/^\/(api|data)(\/|$)/.test(path)) return null;
  const template = templates.find(({ pattern }) => pattern.test(path))?.template;
  const methods = template && (openApiDocument.paths[template as never] as Record<string, Operation>);
  const asked = method === 'HEAD' ? 'get' : method.toLowerCase();
  const operation = methods ? methods[asked] : undefined;
  const { status } = response;
  const type = (response.headers.get('Content-Type') ?? '').split(';')[0];
  if (!operation) {
    if (status !== 404 && status !== 405 && status !== 400)
      return `answers ${status}, and the document does not have it`;
    return await bodyFault('atlas#/components/schemas/Problem', type, 'application/problem+json', method, response);
  }
  const described = operation.responses[status];
  if (!described) return `answers ${status}, which ${template} does not list`;
  const content = described.content ?? {};
  if (Object.keys(content).length === 0 || response.body === null) return null;
  if (!content[type]) return `answers ${status} as ${type}, and ${template} lists ${Object.keys(content).join(', ')}`;
  const parts = ['paths', template!, asked, 'responses', String(status), 'content', type, 'schema'];
  const pointer = parts.map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/');
  return await bodyFault(`atlas#/${pointer}`, type, type, method, response);
}

async function bodyFault(
  schema: string,
  type: string,
  expected: string,
  method: string,
  response: Response,
): Promise<string | null> {
  if (type !== expected) return `answers ${response.status} as ${type} and not as ${expected}`;
  if (method === 'HEAD' || !/\bjson$/.test(type)) return null;
  const validate = ajv.getSchema(schema);
  if (!validate) throw new Error(`The document has no ${schema}.`);
  const valid = validate(await response.clone().json());
  return valid ? null : `does not have the form of ${schema}: ${ajv.errorsText(validate.errors)}`;
}
