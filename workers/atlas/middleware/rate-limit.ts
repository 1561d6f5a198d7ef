import { createMiddleware } from 'hono/factory';
import type { AppEnv } from '../env.ts';
import { Problem } from '../problems.ts';

/**
 * Lets an address send so many images in a while, as the binding IMAGE_LIMIT counts. The binding tells no more than yes
 * or no, so neither does the answer: RateLimit-Policy (draft-ietf-httpapi-ratelimit-headers) names the rule, and no
 * remaining count is made up.
 *
 * Whoever asks from the machine itself is not counted: on Cloudflare nobody does, and locally it is the developer, a
 * test or a benchmark.
 */
export const limitImages = createMiddleware<AppEnv>(async (c, next) => {
  const { IMAGE_LIMIT: limit, RATE_LIMIT_POLICY: policy } = c.env;
  const address = c.req.header('CF-Connecting-IP');
  const counted = limit && address !== undefined && !isLoopback(address);
  if (counted && !(await limit.limit({ key: subscriberOf(address) })).success) {
    const [, quota = '', seconds = '60'] = /q=(\d+);w=(\d+)/.exec(policy ?? '') ?? [];
    throw new Problem(
      'rate-limited',
      `This address has sent more than ${quota} images in ${seconds} seconds. Ask again in ${seconds} seconds, or run an Atlas of your own.`,
      {},
      { 'Retry-After': seconds, ...(policy && { 'RateLimit-Policy': policy }) },
    );
  }
  await next();
  if (limit && policy) c.header('RateLimit-Policy', policy);
});

const isLoopback = (address: string) => address === '::1' || /^(::ffff:)?127\./.test(address);

/** An IPv4 address, or the /64 of an IPv6 address: a subscriber has all of it. */
export function subscriberOf(address: string): string {
  if (!address.includes(':')) return address;
  const [head, tail] = address.split('::');
  const groups = (part: string | undefined) => (part ? part.split(':') : []);
  const zeros = tail === undefined ? 0 : 8 - groups(head).length - groups(tail).length;
  const all = [...groups(head), ...new Array<string>(Math.max(0, zeros)).fill('0'), ...groups(tail)];
  return all
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
}
