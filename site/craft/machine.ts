/**
 * What is known of a craft, as one state machine. A craft runs in a worker; where that breaks down another one goes on
 * from the last checkpoint, and nothing that the first one still says changes anything.
 */
import type { CraftProgress } from '#shared/attacks';
import type { Share } from '#shared/release';
import type { CraftMeasured, CraftOrder, CraftReport, CraftResult, Doing, Reading, Shown } from './protocol.ts';

/** So many workers in a row may break down before a craft is given up. */
export const MOST_RESTARTS = 3;
/** A curve need not be finer than this. */
const MOST_POINTS = 300;

export interface Craft {
  /** Counts the workers. */
  worker: number;
  order: CraftOrder | null;
  phase: 'idle' | 'running' | 'done' | 'failed';
  /** What the visitor wants of a craft that runs. */
  wish: 'goOn' | 'pause' | 'stop';
  doing: { what: Doing; done: number; total: number } | null;
  began: { crafting: number; heldOut: number; skipped: { name: string; why: string }[]; shown: Shown[] } | null;
  progress: CraftProgress | null;
  /** The newest pattern. */
  v: Float32Array | null;
  /** Share of the crafting pictures whose label has changed, as it went. */
  curve: { gradients: number; fooling: number }[];
  /** What was read now and then in the photos that are shown, and fooling on those that are held out. */
  looks: { gradients: number; heldOut: Share | null }[];
  seen: { readings: Reading[]; v: Float32Array } | null;
  checkpoint: { bytes: Uint8Array; gradients: number } | null;
  /** Where the last worker broke down, and where the one after it went on. */
  broke: { at: number; from: number } | null;
  /** Workers that broke down since the last checkpoint. */
  restarts: number;
  result: CraftResult | null;
  measured: CraftMeasured[];
  /** From the order to the last measurement; null where that was not reached. */
  seconds: number | null;
  /** Why it failed, or why something is not measured. */
  failure: string | null;
}

export type CraftEvent =
  | { type: 'begin'; order: CraftOrder }
  | { type: 'pause' | 'goOn' | 'stop' | 'again' }
  | { type: 'report'; worker: number; report: CraftReport }
  /** The worker ended without a word of its own. */
  | { type: 'broke'; worker: number; says: string };

export const idle: Craft = {
  ...{ worker: 0, order: null, phase: 'idle', wish: 'goOn', doing: null, began: null, progress: null, v: null },
  ...{ curve: [], looks: [], seen: null, checkpoint: null, broke: null, restarts: 0 },
  ...{ result: null, measured: [], seconds: null, failure: null },
};

/** Whether it takes steps, or would if it were not held. */
export const isCrafting = ({ phase, progress, result }: Craft) => phase === 'running' && !!progress && !result;

/** The craft after an event; the same object where the event changes nothing. */
export function next(craft: Craft, event: CraftEvent): Craft {
  switch (event.type) {
    case 'begin':
      return { ...idle, worker: craft.worker + 1, order: event.order, phase: 'running' };
    case 'again':
      return again(craft);
    case 'pause':
      return isCrafting(craft) && craft.wish === 'goOn' ? { ...craft, wish: 'pause' } : craft;
    case 'goOn':
      return craft.wish === 'pause' ? { ...craft, wish: 'goOn' } : craft;
    case 'stop':
      return stopped(craft);
    case 'report':
      if (event.worker !== craft.worker || craft.phase !== 'running') return craft;
      return reported(craft, event.report);
    case 'broke':
      if (event.worker !== craft.worker || craft.phase !== 'running') return craft;
      return broken(craft, event.says);
  }
}

/** After a failure: from the last checkpoint, or from the beginning. */
function again(craft: Craft): Craft {
  if (craft.phase !== 'failed' || !craft.order) return craft;
  return {
    ...craft,
    worker: craft.worker + 1,
    phase: 'running',
    wish: 'goOn',
    restarts: 0,
    doing: null,
    failure: null,
  };
}

/** Before the first step there is nothing to keep; after the last, what is left to measure is left out. */
function stopped(craft: Craft): Craft {
  if (craft.phase !== 'running') return craft;
  if (!craft.progress) return { ...idle, worker: craft.worker + 1 };
  return craft.wish === 'stop' ? craft : { ...craft, wish: 'stop' };
}

function reported(craft: Craft, report: CraftReport): Craft {
  switch (report.type) {
    case 'doing': {
      const { what, done, total } = report;
      // Photos and further networks are downloads too: what is being done with them says more.
      const isLate = isLoading(what) && craft.doing !== null && !isLoading(craft.doing.what);
      return isLate ? craft : { ...craft, doing: { what, done, total } };
    }
    case 'began': {
      const { crafting, heldOut, skipped, shown } = report;
      return { ...craft, began: { crafting, heldOut, skipped, shown } };
    }
    case 'step':
      return step(craft, report.progress, report.v);
    case 'looked': {
      const { gradients, heldOut, shown: readings, v } = report;
      const looks = [...upTo(craft.looks, gradients), { gradients, heldOut }];
      return { ...craft, looks, seen: { readings, v } };
    }
    case 'checkpoint':
      return {
        ...craft,
        checkpoint: { bytes: report.bytes, gradients: craft.progress?.gradients ?? 0 },
        restarts: 0,
      };
    case 'crafted':
      // From here on to stop is to leave out what is not measured yet.
      return { ...craft, result: report.result, v: report.result.v, wish: 'goOn' };
    case 'measured':
      return { ...craft, measured: [...craft.measured, report.measured] };
    case 'done': {
      const { result, seconds } = report;
      return { ...craft, phase: 'done', result, v: result.v, seconds, doing: null };
    }
    case 'failed':
      return report.lost ? broken(craft, report.says) : failed(craft, report.says);
  }
}

const isLoading = (what: Doing) => what === 'runtime' || what === 'network';

function step(craft: Craft, progress: CraftProgress, v: Float32Array): Craft {
  const { gradients, fooling, done, total } = progress;
  const doing = { what: 'craft' as const, done, total };
  // A worker that goes on from a checkpoint is behind the one before it.
  const before = upTo(craft.curve, gradients);
  const last = before.at(-1);
  const isFar = !last || gradients - last.gradients >= total / MOST_POINTS || done >= total;
  const curve = fooling !== null && isFar ? [...before, { gradients, fooling }] : before;
  return { ...craft, progress, v, doing, curve, looks: upTo(craft.looks, gradients) };
}

/** The points of a curve up to there; the same list where that is all of them. */
const upTo = <Point extends { gradients: number }>(points: Point[], gradients: number): Point[] =>
  (points.at(-1)?.gradients ?? 0) > gradients ? points.filter((point) => point.gradients <= gradients) : points;

function broken(craft: Craft, says: string): Craft {
  if (craft.result || craft.restarts >= MOST_RESTARTS) return failed(craft, says);
  return {
    ...craft,
    worker: craft.worker + 1,
    restarts: craft.restarts + 1,
    doing: null,
    broke: { at: craft.progress?.gradients ?? 0, from: craft.checkpoint?.gradients ?? 0 },
  };
}

/** What was crafted stays, whatever breaks down while it is measured. */
const failed = (craft: Craft, says: string): Craft => ({
  ...craft,
  phase: craft.result ? 'done' : 'failed',
  doing: null,
  failure: says,
});
