import { createRoute, z } from '@hono/zod-openapi';
import { csvFormat } from 'd3-dsv';
import { accepts } from 'hono/accepts';
import { norm, transferRow } from '#shared/release';
import {
  decimal,
  json,
  linkedAs,
  newApp,
  notModified,
  problems,
  releaseParameter,
  text,
  transferSchema,
  whole,
  wholeNumber,
} from '../contract/index.ts';
import { releaseOf, transferRows } from '../storage/index.ts';
import { contentDisposition } from './object.ts';

const filters = z.strictObject({
  perturbation: text.optional(),
  surrogate: text.optional().openapi({ description: 'As the table has it: several joined by "+", "none" for noise.' }),
  target: text.optional(),
  attack: text.optional(),
  norm: norm.optional(),
  epsilon: decimal.optional().openapi({ type: 'number', minimum: 0 }),
  seed: whole(0, 999_999).optional().openapi(wholeNumber(0, 999_999)),
});
const query = filters.extend({
  format: z
    .enum(['json', 'csv'], 'must be json or csv')
    .optional()
    .openapi({ description: 'Left out: as Accept says.' }),
  release: releaseParameter,
});
const columns = Object.keys(transferRow.shape);

/** GET /transfer: the fooling ratio of every perturbation on every target. */
export const transfer = newApp();

transfer.openapi(
  createRoute({
    ...linkedAs('transfer'),
    method: 'get',
    path: '/transfer',
    tags: ['perturbations'],
    operationId: 'getTransfer',
    summary: 'The transfer table',
    description:
      'One row for each perturbation and target: fooling ratio with its 95 % Wilson interval, beside that of noise. JSON, or CSV where Accept or `format` asks for it.',
    request: { query },
    responses: {
      200: {
        description: 'The rows that fit the filter.',
        content: {
          ...json(transferSchema, '').content,
          'text/csv': { schema: { type: 'string' as const } },
        },
      },
      ...notModified,
      ...problems('bad-query', 'not-found', 'unknown-release'),
    },
  }),
  async (c) => {
    const { format, release: version, ...wanted } = c.req.valid('query');
    const release = await releaseOf(c.env, version);
    const exact = Object.entries(wanted)
      .filter(([, value]) => value !== undefined)
      // A "+" that was not escaped.
      .map(([name, value]) => [
        name,
        name === 'surrogate' || name === 'perturbation' ? String(value).replaceAll(' ', '+') : value,
      ]);
    const rows = (await transferRows(c.env, release)).filter((row) =>
      exact.every(([name, value]) => row[name as keyof typeof row] === value),
    );
    c.header('Vary', 'Accept', { append: true });
    const answer =
      format ??
      accepts(c, { header: 'Accept', supports: ['application/json', 'text/csv'], default: 'application/json' });
    if (!answer.endsWith('csv')) return c.json({ release: release.version, rows }, 200);
    return c.body(csvFormat(rows, columns as (keyof (typeof rows)[number])[]).concat('\n'), 200, {
      'Content-Type': 'text/csv; charset=utf-8',
      'Content-Disposition': contentDisposition(`transfer-${release.version}.csv`),
    });
  },
);
