/** What happens around every request: its id, its headers, who may ask and how often, and what is told about it. */
export { apiCors, dataCors, securityHeaders } from './headers.ts';
export { observe } from './observe.ts';
export { limitImages } from './rate-limit.ts';
