/** Pressing and holding, with a pointer or with Space. */

/** @param show told whenever it begins or ends */
export function onHeld(element: HTMLElement, show: (isHeld: boolean) => void, signal: AbortSignal): void {
  let was = false;
  const hold = (isHeld: boolean) => {
    if (isHeld !== was) show(isHeld);
    was = isHeld;
  };
  for (const type of ['pointerdown', 'pointerup', 'pointercancel', 'pointerleave', 'blur'])
    element.addEventListener(type, () => hold(type === 'pointerdown'), { signal });
  for (const type of ['keydown', 'keyup'] as const)
    element.addEventListener(
      type,
      (event) => {
        if (event.key !== ' ') return;
        event.preventDefault();
        hold(type === 'keydown');
      },
      { signal },
    );
  // A long press is a hold, and no question about saving.
  element.addEventListener('contextmenu', (event) => event.preventDefault(), { signal });
}
