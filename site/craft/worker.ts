/** Crafts, apart from the page's thread. One worker crafts once: the page ends it and starts another. */
import { z } from 'zod';
import { onProgress, reasonOf } from '../runtime/index.ts';
import { Control } from './control.ts';
import { craftHere } from './engine.ts';
import type { CraftReport, CraftTask } from './protocol.ts';

// Schemas are interpreted: the page's policy lets nothing be compiled from text.
z.config({ jitless: true });

const scope = self as unknown as DedicatedWorkerGlobalScope;
const say = (report: CraftReport) => scope.postMessage(report);
const control = new Control();

/** Signs of a runtime that is gone, and not of an order that is wrong. */
const LOST =
  /device.{0,20}lost|lost.{0,20}device|out of memory|bad_alloc|unreachable|memory access|in WebAssembly|Aborted\(/i;

let loading: 'runtime' | 'network' = 'runtime';
onProgress((loaded, total) => say({ type: 'doing', what: loading, done: loaded, total }));

scope.addEventListener('message', ({ data: task }: MessageEvent<CraftTask>) => {
  if (task.type === 'pause') control.pause();
  else if (task.type === 'goOn') control.goOn();
  else if (task.type === 'stop') control.stop();
  else
    craftHere(task.order, control, (report) => {
      if (report.type === 'doing' && report.what === 'network') loading = 'network';
      say(report);
    }).catch((error: unknown) => {
      const reason = reasonOf(error);
      const says = error instanceof Error ? reason : `Crafting failed: ${reason}`;
      say({ type: 'failed', says, lost: LOST.test(reason) });
    });
});
