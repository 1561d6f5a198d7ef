import type { GradientTask } from '#shared/compute';

/** The gradient of a loss with labels, summed over three photos of 20 x 20 pixels. */
export function gradientTask(bytes: Uint8Array): GradientTask {
  const pixels = Uint8Array.from({ length: 3 * 1200 }, (_, i) => (i * 2654435761) >>> 24);
  return {
    program: { key: `gradient of ${bytes.length} bytes`, bytes },
    photos: { pixels, size: 20 },
    v: new Float32Array(1200).fill(2),
    items: [0, 1, 2].map((photo) => ({ photo, flip: false, row: photo })),
    tables: { labels: { data: Int32Array.of(1, 4, 0), width: 1 } },
  };
}
