import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { unstable_readConfig } from 'wrangler';
import { subscriberOf } from '../../workers/atlas/middleware/rate-limit.ts';
import { TEST_RELEASE } from '../support/release.ts';
import { type RunningWorker, startWorker } from '../support/worker.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
let worker: RunningWorker;
beforeAll(async () => {
  worker = await startWorker({ release: TEST_RELEASE });
}, 60_000);
afterAll(() => worker?.dispose());

/** As if the request came from an address somewhere else; locally nobody but Cloudflare's own header says so. */
const perturbFrom = (address: string) =>
  fetch(`${worker.url}/api/v1/perturb`, {
    method: 'POST',
    body: 'no picture',
    headers: { 'CF-Connecting-IP': address },
  });

describe('the rate limit', () => {
  test('is what RateLimit-Policy says, refuses with Retry-After, and makes up no remaining count', async () => {
    const { ratelimits, vars } = unstable_readConfig({ config: join(root, 'wrangler.toml') });
    const { limit, period } = ratelimits[0].simple;
    const policy = `"images";q=${limit};w=${period}`;
    expect(vars.RATE_LIMIT_POLICY).toBe(policy);

    const answers = [];
    for (let i = 0; i <= limit; i++) answers.push(await perturbFrom('203.0.113.7'));
    const statuses = answers.map(({ status }) => status);
    // A window may have ended in between, so not every run is refused at the same request.
    const refused = answers.find(({ status }) => status === 429) ?? (await repeatUntilRefused('203.0.113.7', limit));
    expect(statuses[0]).toBe(415);
    expect(answers[0].headers.get('RateLimit-Policy')).toBe(policy);
    expect(refused.headers.get('RateLimit-Policy')).toBe(policy);
    expect(refused.headers.get('Retry-After')).toBe(String(period));
    expect(refused.headers.get('RateLimit')).toBeNull();
    expect(await refused.json()).toMatchObject({ type: '/problems/rate-limited', status: 429 });
    expect((await perturbFrom('203.0.113.8')).status).toBe(415);
    expect(
      (await fetch(`${worker.url}/api/v1/release`, { headers: { 'CF-Connecting-IP': '203.0.113.7' } })).status,
    ).toBe(200);
  });

  async function repeatUntilRefused(address: string, tries: number): Promise<Response> {
    for (let i = 0; i <= tries; i++) {
      const response = await perturbFrom(address);
      if (response.status === 429) return response;
    }
    throw new Error('never refused');
  }

  test('takes all addresses of an IPv6 subscriber for one', () => {
    expect(subscriberOf('198.51.100.4')).toBe('198.51.100.4');
    expect(subscriberOf('2001:db8:1:2:3:4:5:6')).toBe('2001:db8:1:2');
    expect(subscriberOf('2001:0db8::6')).toBe('2001:db8:0:0');
    // "::" stands for just as many zeros as are missing from eight groups: one, five, all but one.
    expect(subscriberOf('2001::2:3:4:5:6:7')).toBe('2001:0:2:3');
    expect(subscriberOf('2001::6:7')).toBe('2001:0:0:0');
    expect(subscriberOf('::2:3:4:5:6:7')).toBe('0:0:2:3');
    expect(subscriberOf('::')).toBe('0:0:0:0');
    expect(subscriberOf('2001:db8:1:2::')).toBe(subscriberOf('2001:db8:1:2:ffff::1'));
    expect(subscriberOf('2001:db8:1:3::1')).not.toBe(subscriberOf('2001:db8:1:2::1'));
  });
});

test('every answer carries its id and the headers that keep it harmless, errors too', async () => {
  for (const path of ['/api/v1', '/api/v1/none', '/data/latest.json', '/data/none', '/problems/busy']) {
    const { headers } = await fetch(`${worker.url}${path}`);
    expect(headers.get('X-Request-Id'), path).toMatch(/^[0-9a-f-]{36}$/);
    expect(headers.get('X-Content-Type-Options'), path).toBe('nosniff');
    for (const rule of ["default-src 'none'", "form-action 'none'", "frame-ancestors 'none'"])
      expect(headers.get('Content-Security-Policy')?.split('; '), path).toContain(rule);
    expect(headers.get('Permissions-Policy'), path).toContain('camera=()');
    expect(headers.get('Referrer-Policy'), path).toBe('no-referrer');
    expect(headers.get('Strict-Transport-Security'), path).toContain('max-age');
  }
});

test('nothing can be written: the bucket is as it was after every method on every path', async () => {
  for (const path of ['/data/latest.json', '/data/models/x.onnx', '/api/v1/release', '/api/v1/classify']) {
    for (const method of ['PUT', 'DELETE', 'PATCH']) {
      const response = await fetch(`${worker.url}${path}`, { method, body: method === 'DELETE' ? undefined : 'x' });
      expect(response.status, `${method} ${path}`).toBe(405);
    }
  }
  const latest = await (await fetch(`${worker.url}/data/latest.json`)).text();
  expect(latest).toBe(await readFile(join(TEST_RELEASE, 'latest.json'), 'utf8'));
});
