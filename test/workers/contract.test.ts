import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Validator } from '@seriousme/openapi-schema-validator';
import Ajv2020 from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openApiDocument, type ProblemKind, problemKinds, problemPath } from '#shared/api';
import { openApiTypes } from '../../scripts/openapi-types.ts';
import { faultOf } from '../support/answers.ts';
import { TEST_RELEASE } from '../support/release.ts';
import { type RunningWorker, startWorker } from '../support/worker.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);
let worker: RunningWorker;
beforeAll(async () => {
  worker = await startWorker({ release: TEST_RELEASE });
}, 60_000);
afterAll(() => worker?.dispose());

describe('the OpenAPI document', () => {
  test('that is committed is the one that the Worker serves; `npm run openapi` writes it', async () => {
    expect(await (await fetch(`${worker.url}/api/v1/openapi.json`)).json()).toEqual(openApiDocument);
  });

  test('is OpenAPI 3.1 by the official schema, and its schemas are JSON Schema 2020-12', async () => {
    const { valid, errors } = await new Validator().validate(structuredClone(openApiDocument));
    expect([valid, errors]).toEqual([true, undefined]);
    const ajv = new Ajv2020({ strict: false });
    const schemas: [string, object][] = Object.entries(openApiDocument.components.schemas);
    const walk = (node: unknown, at: string) => {
      if (typeof node !== 'object' || node === null) return;
      for (const [name, child] of Object.entries(node)) {
        if (name === 'schema') schemas.push([at, child]);
        else walk(child, `${at}/${name}`);
      }
    };
    walk(openApiDocument.paths, '');
    expect(schemas.length).toBeGreaterThan(100);
    for (const [at, schema] of schemas) expect([at, ajv.validateSchema(schema), ajv.errors]).toEqual([at, true, null]);
  });

  test('says how long its lists are, and has no pattern with flags behind it', () => {
    const { mean } = openApiDocument.components.schemas.ModelCard.properties.preprocessing.properties;
    expect(mean).toEqual({ type: 'array', items: { type: 'number' }, minItems: 1, maxItems: 3 });
    const text = JSON.stringify(openApiDocument);
    expect(text).not.toMatch(/"prefixItems"|"items":\[/);
    for (const [, pattern] of text.matchAll(/"pattern":"(.*?)"/g)) expect(pattern).toMatch(/^\^.*\$$/);
  });

  test('is what every test holds the answers to', async () => {
    const answer = (body: unknown, status = 200, type = 'application/json') =>
      new Response(JSON.stringify(body), { status, headers: { 'Content-Type': type } });
    const health = { status: 'ok', release: '1', memory: { wasm: 1 } };
    expect(await faultOf('GET', '/api/v1/health', answer(health))).toBeNull();
    expect(await faultOf('GET', '/api/v1/health', answer({ ...health, memory: {} }))).toContain('wasm');
    expect(await faultOf('GET', '/api/v1/health', answer(health, 201))).toContain('201');
    expect(await faultOf('GET', '/api/v1/health', answer(health, 200, 'text/html'))).toContain('text/html');
    expect(await faultOf('GET', '/api/v1/none', answer(health, 404))).toContain('application/problem+json');
    expect(await faultOf('GET', '/data/models/x.onnx', answer({}, 500, 'application/problem+json'))).toContain(
      'detail',
    );
  });

  test('has the types of the client, as they are committed', async () => {
    const committed = await readFile(join(root, 'shared/api/types.ts'), 'utf8');
    expect(await openApiTypes(openApiDocument)).toBe(committed);
  });

  test('names no path that the Worker does not answer', async () => {
    for (const [template, methods] of Object.entries(openApiDocument.paths)) {
      const path = template
        .replace('/{id}', '/noise.inf10.s1')
        .replace('{format}', 'npy')
        .replace('{key}', 'latest.json')
        .replace('{folder}', 'models');
      for (const method of Object.keys(methods)) {
        const response = await fetch(`${worker.url}${path}`, { method: method.toUpperCase() });
        // Without an image, which is what these say.
        expect(response.status, `${method} ${path}`).toBe(method === 'post' ? 400 : 200);
        if (method === 'post' || !path.startsWith('/api/')) continue;
        expect(response.headers.get('ETag'), path).toMatch(/^"[0-9a-f]+"$/);
        expect(response.headers.get('Cache-Control'), path).toMatch(/^(public, max-age=10|no-store)$/);
      }
      const reads = 'get' in methods;
      expect((await fetch(`${worker.url}${path}`, { method: 'HEAD' })).status, path).toBe(reads ? 200 : 405);
      const refused = await fetch(`${worker.url}${path}`, { method: 'DELETE' });
      expect([refused.status, refused.headers.get('Allow')], path).toEqual([
        405,
        reads ? 'GET, HEAD, OPTIONS' : 'POST, OPTIONS',
      ]);
    }
  });

  test('names for each answer the kinds of problem that it may be, as they are explained', () => {
    const named = new Set<string>();
    for (const methods of Object.values(openApiDocument.paths)) {
      for (const { responses } of Object.values(methods) as { responses: Record<string, object> }[]) {
        for (const [status, response] of Object.entries(responses)) {
          const kinds: ProblemKind[] = 'x-problems' in response ? (response['x-problems'] as ProblemKind[]) : [];
          expect(kinds.length > 0).toBe(Number(status) >= 400);
          for (const kind of kinds) expect(problemKinds[kind].status, kind).toBe(Number(status));
          for (const kind of kinds) named.add(kind);
        }
      }
    }
    // It is an answer to what no route answers.
    named.add('method-not-allowed');
    expect([...named].toSorted()).toEqual(Object.keys(problemKinds).toSorted());
  });
});

describe('the examples of docs/api.md', async () => {
  const text = await readFile(join(root, 'docs/api.md'), 'utf8');
  const blocks = [...text.matchAll(/^```(sh|python|js)\n([\s\S]*?)^```$/gm)].map(([, language, code], i) => ({
    name: `${i + 1}, ${language}: ${code.trim().split('\n')[0]}`,
    language,
    code,
  }));
  const has = (command: string, ...args: string[]) => spawnSync(command, args, { stdio: 'ignore' }).status === 0;
  const commands: Record<string, { available: boolean; start: (code: string) => [string, string[]] }> = {
    sh: { available: has('curl', '--version'), start: (code) => ['bash', ['-euo', 'pipefail', '-c', code]] },
    python: { available: has('python3', '-c', 'import requests'), start: (code) => ['python3', ['-c', code]] },
    js: { available: true, start: (code) => [process.execPath, ['--input-type=module', '-e', code]] },
  };

  test('are in all three languages', () => {
    expect(new Set(blocks.map(({ language }) => language))).toEqual(new Set(['sh', 'python', 'js']));
  });

  for (const { name, language, code } of blocks) {
    const { available, start } = commands[language];
    // Skipped, and listed as such, where this machine has no curl, or no python3 with requests.
    test.skipIf(!available)(`run as they are: ${name}`, async () => {
      const folder = await mkdtemp(join(tmpdir(), 'atlas-examples-'));
      try {
        await run('cp', [join(root, 'zoo/starter/photos/koala.jpg'), join(folder, 'photo.jpg')]);
        const [command, args] = start(code);
        const { stdout } = await run(command, args, {
          cwd: folder,
          env: { ...process.env, ATLAS: worker.url },
          timeout: 50_000,
        });
        expect(stdout.trim()).not.toBe('');
        expect(stdout).not.toContain('/problems/');
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    });
  }
});

test('docs/api.md lists every kind of problem with its status, and no other; each has its page', async () => {
  const text = await readFile(join(root, 'docs/api.md'), 'utf8');
  const rows = [...text.matchAll(/^\| (\d{3}) \| (`\/problems\/.*?) \|/gm)];
  const listed = rows.flatMap(([, status, types]) => types.split(', ').map((type) => `${status} ${type}`));
  const known = Object.entries(problemKinds) as [ProblemKind, (typeof problemKinds)[ProblemKind]][];
  expect(listed.toSorted()).toEqual(known.map(([kind, { status }]) => `${status} \`${problemPath(kind)}\``).toSorted());
  for (const [kind, { title, remedy }] of known) {
    const page = await (await fetch(worker.url + problemPath(kind))).text();
    expect(page).toContain(`<h1>${title}</h1>`);
    expect(page).toContain(remedy.split(/[&<>'"`]/)[0]);
  }
});

test('the bundle that would be deployed fits: under the 10 MB compressed that a paid plan allows', async () => {
  const out = await mkdtemp(join(tmpdir(), 'atlas-bundle-'));
  try {
    const env = {
      ...process.env,
      WRANGLER_SEND_METRICS: 'false',
      XDG_CONFIG_HOME: join(tmpdir(), 'perturbation-atlas-wrangler'),
    };
    const wrangler = join(root, 'node_modules/wrangler/bin/wrangler.js');
    const args = [wrangler, 'deploy', '--dry-run', '--outdir', out, '--assets', join(root, 'site/public')];
    const { stdout } = await run(process.execPath, args, { cwd: root, env });
    const [, kib] = /gzip: ([\d.]+) KiB/.exec(stdout) ?? [];
    expect(Number(kib), stdout).toBeGreaterThan(1000);
    expect(Number(kib)).toBeLessThan(10_000_000 / 1024);
  } finally {
    await rm(out, { recursive: true, force: true });
  }
});
