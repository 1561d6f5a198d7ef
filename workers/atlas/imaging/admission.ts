/** What a body may take of an isolate's memory. */
export interface Limits {
  /** How many bodies may be on their way or wait for their turn. */
  places: number;
  /** Bytes that the ordinary ones among them share. */
  shared: number;
  /** A body of more bytes than this is large: of these there is one at a time, beside the others. */
  large: number;
  /** An ordinary body that is on its way for longer than this gives way where its room is asked for. */
  patienceMs: number;
  /** After so long the holder of a place must have died: workerd ends a request without a word to its code. */
  leaseMs: number;
}

/** A place that a body has, until it leaves. */
export interface Place {
  /** Says how many bytes the body holds in all; they never become fewer. False where there is no room for them. */
  holds(bytes: number): boolean;
  /** Says that all of the body is here: it gives way to nobody any more. */
  arrived(): void;
  /** Whether it is to leave: it has been on its way for long, and others need its room. */
  readonly givesWay: boolean;
  leave(): void;
}

interface Held {
  bytes: number;
  since: number;
  isArriving: boolean;
  givesWay: boolean;
}

/**
 * Lets bodies into the memory of an isolate, which all of its requests share, or refuses them at once. What a body
 * announces is reserved before it is read. The one large body has bytes of its own, so that nobody who sends large ones
 * keeps the ordinary ones out; and of the ordinary ones the slowest gives way, so that neither does who sends slowly.
 */
export class Admission {
  readonly #held = new Map<Place, Held>();
  readonly #limits: Limits;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** A place for a body that will have so many bytes, as far as is known; null where there is none. */
  enter(bytes: number): Place | null {
    const since = Date.now();
    for (const [place, held] of this.#held) if (since - held.since > this.#limits.leaseMs) this.#held.delete(place);
    const held: Held = { bytes: 0, since, isArriving: true, givesWay: false };
    const place: Place = {
      holds: (more) => this.#hold(place, Math.max(more, this.#held.get(place)?.bytes ?? 0)),
      arrived: () => {
        held.isArriving = false;
      },
      get givesWay() {
        return held.givesWay;
      },
      leave: () => this.#held.delete(place),
    };
    if (this.#held.size < this.#limits.places) {
      this.#held.set(place, held);
      if (place.holds(bytes)) return place;
      place.leave();
    }
    if (bytes <= this.#limits.large) this.#ask(since - this.#limits.patienceMs);
    return null;
  }

  /** Asks the ordinary body that is on its way for longest, since before some time, to give way. */
  #ask(before: number): void {
    const slow = [...this.#held.values()].find(
      ({ bytes, since, isArriving, givesWay }) =>
        isArriving && !givesWay && bytes <= this.#limits.large && since < before,
    );
    if (slow) slow.givesWay = true;
  }

  #hold(place: Place, bytes: number): boolean {
    const own = this.#held.get(place);
    if (!own) return false;
    const { shared, large } = this.#limits;
    const others = [...this.#held.values()].filter((one) => one !== own).map((one) => one.bytes);
    const ordinary = others.filter((one) => one <= large).reduce((sum, one) => sum + one, 0);
    const fits = bytes > large ? others.every((one) => one <= large) : ordinary + bytes <= shared;
    if (fits) own.bytes = bytes;
    return fits;
  }
}
