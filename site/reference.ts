/** The OpenAPI document as the reference page shows it. */
import type { ProblemKind } from '#shared/api';

/** A JSON schema, as far as the document uses it. */
export interface JsonSchema {
  $ref?: string;
  type?: string | string[];
  format?: string;
  description?: string;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  items?: JsonSchema;
  enum?: unknown[];
  const?: unknown;
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
  additionalProperties?: JsonSchema | boolean;
  minimum?: number;
  maximum?: number;
  default?: unknown;
  prefixItems?: JsonSchema[];
}

export interface Parameter {
  name: string;
  in: string;
  required?: boolean;
  description?: string;
  schema: JsonSchema;
}

export interface Operation {
  id: string;
  tag: string;
  method: string;
  path: string;
  summary: string;
  description: string;
  parameters: Parameter[];
  body: { description: string; types: string[] } | null;
  answers: { status: string; description: string; contents: { type: string; schema: JsonSchema }[] }[];
  problems: ProblemKind[];
}

interface Document {
  paths: Record<string, Record<string, unknown>>;
}

interface RawOperation {
  operationId: string;
  tags: string[];
  summary: string;
  description?: string;
  parameters?: Parameter[];
  requestBody?: { description: string; content: Record<string, unknown> };
  responses: Record<
    string,
    { description: string; content?: Record<string, { schema: JsonSchema }>; 'x-problems'?: ProblemKind[] }
  >;
}

/** Every operation of the document, in its order. */
export function operationsOf(document: object): Operation[] {
  return Object.entries((document as Document).paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, raw]) => {
      const operation = raw as RawOperation;
      const responses = Object.entries(operation.responses);
      return {
        id: operation.operationId,
        tag: operation.tags[0],
        method: method.toUpperCase(),
        path,
        summary: operation.summary,
        description: operation.description ?? '',
        parameters: operation.parameters ?? [],
        body: operation.requestBody
          ? { description: operation.requestBody.description, types: Object.keys(operation.requestBody.content) }
          : null,
        answers: responses
          .filter(([status]) => Number(status) < 400)
          .map(([status, { description, content = {} }]) => ({
            status,
            description,
            contents: Object.entries(content).map(([type, { schema }]) => ({ type, schema })),
          })),
        problems: responses.flatMap(([, response]) => response['x-problems'] ?? []),
      };
    }),
  );
}

/** Every schema that the document names. */
export const schemasOf = (document: { components: { schemas: object } }): [string, JsonSchema][] =>
  Object.entries(document.components.schemas);

/** Where the reference explains a schema. */
export const referenceId = (name: string) => `answer-${name.toLowerCase()}`;

/** Where the reference explains a kind of problem. */
export const problemId = (kind: ProblemKind) => `problem-${kind}`;

/** A schema in a few words, in parts: text, or the name of a schema that the page explains. */
export function typeOf(schema: JsonSchema): { text: string; ref?: string }[] {
  if (schema.$ref) {
    const name = schema.$ref.split('/').at(-1)!;
    return [{ text: name, ref: name }];
  }
  const options = schema.anyOf ?? schema.oneOf;
  if (options) return joined(options.map(typeOf), ' or ');
  if (schema.enum) return [{ text: schema.enum.map((value) => JSON.stringify(value)).join(' or ') }];
  if (schema.const !== undefined) return [{ text: JSON.stringify(schema.const) }];
  const types = [schema.type ?? 'any'].flat();
  const parts = types.map((type) => {
    if (type === 'array' && schema.items) return [{ text: 'list of ' }, ...typeOf(schema.items)];
    if (type === 'object' && typeof schema.additionalProperties === 'object')
      return [{ text: 'object of ' }, ...typeOf(schema.additionalProperties)];
    return [{ text: schema.format === 'binary' ? 'bytes' : type }];
  });
  return joined(parts, ' or ');
}

const joined = (lists: { text: string; ref?: string }[][], by: string) =>
  lists.flatMap((list, i) => (i === 0 ? list : [{ text: by }, ...list]));

/** The properties of a schema that is an object, or of the objects in its list. */
export function propertiesOf(schema: JsonSchema): { name: string; schema: JsonSchema; required: boolean }[] {
  const object = schema.properties ? schema : (schema.items ?? {});
  const required = new Set(object.required);
  return Object.entries(object.properties ?? {}).map(([name, property]) => ({
    name,
    schema: property,
    required: required.has(name),
  }));
}
