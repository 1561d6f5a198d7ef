/**
 * What happens around every request: its id, its headers, who may ask, by which methods and how often, how long an
 * answer may be kept, and what is told about it.
 */
export { keptForSeconds, revalidated } from './freshness.ts';
export { apiCors, dataCors, securityHeaders } from './headers.ts';
export { refuseOtherMethods } from './methods.ts';
export { observe } from './observe.ts';
export { limitImages } from './rate-limit.ts';
export { discardUnread } from './unread.ts';
