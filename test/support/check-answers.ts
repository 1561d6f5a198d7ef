import { faultOf } from './answers.ts';

const { fetch } = globalThis;

/** The platform's own, whose answers from a Worker on this machine are held to the OpenAPI document. */
globalThis.fetch = async (input, init) => {
  const response = await fetch(input, init);
  const { hostname, pathname } = new URL(response.url || String(input instanceof Request ? input.url : input));
  if (!['127.0.0.1', 'localhost'].includes(hostname)) return response;
  const method = (init?.method ?? (input instanceof Request ? input.method : 'GET')).toUpperCase();
  const fault = await faultOf(method, pathname, response);
  if (fault) throw new Error(`${method} ${pathname} ${fault}`);
  return response;
};
