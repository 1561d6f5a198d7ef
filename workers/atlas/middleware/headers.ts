import { cors } from 'hono/cors';
import { createMiddleware } from 'hono/factory';
import type { AppEnv } from '../env.ts';

/** The id of the request, and headers that keep a browser from taking an answer for what it is not. */
export const securityHeaders = createMiddleware<AppEnv>(async (c, next) => {
  await next();
  c.header('X-Request-Id', c.var.requestId);
  c.header('X-Content-Type-Options', 'nosniff');
  c.header('Referrer-Policy', 'no-referrer');
  c.header('Cross-Origin-Resource-Policy', 'cross-origin');
  c.header('Cross-Origin-Opener-Policy', 'same-origin');
  c.header('Strict-Transport-Security', 'max-age=31536000');
  if (!c.res.headers.has('Content-Security-Policy'))
    c.header(
      'Content-Security-Policy',
      "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    );
  c.header('Permissions-Policy', 'camera=(), geolocation=(), microphone=(), payment=(), usb=()');
});

/** The API answers pages of the origins that ALLOWED_ORIGINS names. */
export const apiCors = cors({
  origin: (origin, c) => {
    const allowed = (c.env as AppEnv['Bindings']).ALLOWED_ORIGINS.split(',').map((one) => one.trim());
    return allowed.includes('*') ? '*' : allowed.includes(origin) ? origin : null;
  },
  allowMethods: ['GET', 'HEAD', 'POST'],
  allowHeaders: ['Content-Type', 'If-None-Match', 'Range'],
  exposeHeaders: [
    'Server-Timing',
    'X-Request-Id',
    'Retry-After',
    'RateLimit-Policy',
    'ETag',
    'Content-Disposition',
    'Content-Range',
  ],
  maxAge: 86400,
});

/** Any page may read the data. */
export const dataCors = cors({
  origin: '*',
  allowMethods: ['GET', 'HEAD'],
  allowHeaders: ['Range', 'If-None-Match', 'If-Match', 'If-Range'],
  exposeHeaders: ['ETag', 'Content-Length', 'Content-Range', 'Accept-Ranges', 'Content-Disposition', 'X-Request-Id'],
  maxAge: 86400,
});
