/**
 * Which changes make an entry of the browser's history. A control that is moved with the keyboard changes with every
 * press, and only where it was before the first of them is worth going back to.
 */
export class Entries {
  #last: string | null = null;

  /** @param byKeys whether the change came from a key, and not from a pointer */
  kindOf(control: string, byKeys: boolean): 'push' | 'replace' {
    const goesOn = byKeys && control === this.#last;
    this.#last = byKeys ? control : null;
    return goesOn ? 'replace' : 'push';
  }

  /** The visitor has left the control. */
  left(): void {
    this.#last = null;
  }
}
