/** A turn that its holder can lend to others between two steps of its work. */
export interface Turn {
  /** Lets those through that are due before, if any wait, and comes back with the turn. */
  giveWay(): Promise<void>;
}

interface Place {
  /** When it is to have its turn, in milliseconds since 1970: sooner where it takes little. */
  due: number;
  /** Since when it has the turn. */
  since: number;
  start(): void;
}

interface Limits {
  /** How many may wait or work at once. */
  places: number;
  /** How long one may wait for the one that has the turn. */
  leaseMs: number;
}

/** Work is due so many times later than it comes as it takes: it is passed by what comes meanwhile and takes little. */
const PATIENCE = 8;

/**
 * Lets one piece of work through at a time: an isolate has 128 MB for all of its concurrent requests, and a decoded
 * photo and a running network take most of it. Who takes little waits little: work is let through in the order in which
 * it is due, and gives way between its steps. None is passed for ever, since what comes later is due later.
 *
 * In workerd a promise settles only while the request that made it is alive, so whoever passes through must be kept
 * alive with ctx.waitUntil until it leaves. Should a holder die all the same, those who wait take over after `leaseMs`.
 */
export class Turnstile {
  readonly #limits: Limits;
  readonly #waiting = new Set<Place>();
  #holder: Place | null = null;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** Whether another one may join the queue. */
  admits(): boolean {
    return this.#waiting.size + (this.#holder ? 1 : 0) < this.#limits.places;
  }

  /**
   * Runs `work` when it has its turn.
   * @param milliseconds that the work is expected to take
   */
  async pass<T>(milliseconds: number, work: (turn: Turn) => Promise<T>): Promise<T> {
    const place: Place = { due: Date.now() + PATIENCE * milliseconds, since: 0, start: () => {} };
    await this.#enter(place);
    try {
      return await work({ giveWay: () => this.#giveWay(place) });
    } finally {
      this.#leave(place);
    }
  }

  async #enter(place: Place): Promise<void> {
    const started = new Promise<void>((resolve) => {
      place.start = resolve;
    });
    this.#waiting.add(place);
    if (!this.#holder) this.#next();
    const hasTurn = () => this.#holder === place;
    while (!hasTurn()) {
      await withinLease(started, this.#limits.leaseMs);
      const { since } = this.#holder ?? { since: 0 };
      if (!hasTurn() && Date.now() - since >= this.#limits.leaseMs) this.#next();
    }
  }

  async #giveWay(place: Place): Promise<void> {
    if (this.#holder !== place || ![...this.#waiting].some(({ due }) => due < place.due)) return;
    this.#holder = null;
    await this.#enter(place);
  }

  /** One whose lease has run out has no turn to leave. */
  #leave(place: Place): void {
    if (this.#holder === place) this.#next();
  }

  #next(): void {
    const [first] = [...this.#waiting].toSorted((a, b) => a.due - b.due);
    this.#holder = first ?? null;
    if (!first) return;
    this.#waiting.delete(first);
    first.since = Date.now();
    first.start();
  }
}

async function withinLease(before: Promise<void>, leaseMs: number): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const expired = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, leaseMs);
  });
  await Promise.race([before, expired]);
  if (timer !== undefined) clearTimeout(timer);
}
