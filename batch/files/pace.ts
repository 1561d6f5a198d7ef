/** How slowly a foreign server may send before it is given up. */

/** Bytes a second, in the mean over a window; a slower server would hold whoever waits for days. */
export const LOWEST_SPEED = 1000;

/**
 * Watches an answer as it comes: `slow` is called once nothing came for `windowMs`, or less than LOWEST_SPEED within
 * it. Windows begin with the first call of `received`, since a server may think before it answers.
 */
export function watchPace(windowMs: number, slow: (detail: string) => void) {
  const seconds = windowMs / 1000;
  const silence = setTimeout(() => slow(`nothing came for ${seconds} s`), windowMs);
  let window: NodeJS.Timeout | undefined;
  let bytes = 0;
  const look = () => {
    if (bytes < LOWEST_SPEED * seconds) slow(`only ${bytes} bytes came in ${seconds} s`);
    bytes = 0;
  };
  return {
    received(more: number) {
      silence.refresh();
      window ??= setInterval(look, windowMs);
      bytes += more;
    },
    stop() {
      clearTimeout(silence);
      clearInterval(window);
    },
  };
}
