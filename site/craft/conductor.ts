/** Runs crafts, one at a time, each in a worker of its own. It knows neither the page nor what a worker does. */
import { type Craft, type CraftEvent, idle, next } from './machine.ts';
import type { CraftOrder, CraftReport, CraftTask } from './protocol.ts';

/** What is needed of a Worker. */
export type CraftWorker = Pick<Worker, 'postMessage' | 'terminate' | 'addEventListener'>;

export class Conductor {
  readonly #start: () => CraftWorker;
  readonly #show: (craft: Craft, before: Craft) => void;
  #craft = idle;
  #worker: CraftWorker | null = null;

  constructor(start: () => CraftWorker, show: (craft: Craft, before: Craft) => void) {
    this.#start = start;
    this.#show = show;
  }

  get craft(): Craft {
    return this.#craft;
  }

  begin(order: CraftOrder): void {
    this.#tell({ type: 'begin', order });
  }

  pause(): void {
    this.#tell({ type: 'pause' });
  }

  goOn(): void {
    this.#tell({ type: 'goOn' });
  }

  /** Ends a craft with what it has. After the last step: leaves out what is still to be measured. */
  stop(): void {
    this.#tell({ type: 'stop' });
  }

  /** After a failure. */
  again(): void {
    this.#tell({ type: 'again' });
  }

  /** Ends the worker, whatever it is at. */
  close(): void {
    this.#worker?.terminate();
    this.#worker = null;
  }

  #tell(event: CraftEvent) {
    const before = this.#craft;
    const craft = next(before, event);
    if (craft === before) return;
    this.#craft = craft;
    if (craft.phase !== 'running') this.close();
    else if (craft.worker !== before.worker) this.#startWorker(craft);
    // A wish that the craft itself fulfilled is none that the worker waits for.
    else if (craft.wish !== before.wish && event.type !== 'report') this.#post({ type: craft.wish });
    this.#show(craft, before);
  }

  #startWorker({ worker: count, order, checkpoint, wish }: Craft) {
    this.close();
    const broke = (says: string) => this.#tell({ type: 'broke', worker: count, says });
    const worker = this.#start();
    this.#worker = worker;
    worker.addEventListener('message', (event) =>
      this.#tell({ type: 'report', worker: count, report: (event as MessageEvent<CraftReport>).data }),
    );
    worker.addEventListener('error', (event) => {
      event.preventDefault();
      broke((event as ErrorEvent).message || 'The worker that crafts could not be started.');
    });
    worker.addEventListener('messageerror', () => broke('What the worker said could not be read.'));
    this.#post({ type: 'craft', order: { ...(order as CraftOrder), checkpoint: checkpoint?.bytes } });
    if (wish !== 'goOn') this.#post({ type: wish });
  }

  #post(task: CraftTask) {
    this.#worker?.postMessage(task);
  }
}
