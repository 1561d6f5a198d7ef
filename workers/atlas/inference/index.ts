/** onnxruntime-web in workerd: the only place of the Worker that touches it. */
export { runtimeMemory } from './runtime.ts';
export { classifyCanvases, isOpen, sessionFor } from './session.ts';
export { type Turn, Turnstile } from './turnstile.ts';
