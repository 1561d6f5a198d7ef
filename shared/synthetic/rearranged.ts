/** A picture [3,size,size] whose every pixel is the one that `from` names, by its place in the plane of its colour. */
export function rearranged<Planes extends Float32Array | Uint8Array>(
  planes: Planes,
  size: number,
  from: (at: number) => number,
): Planes {
  const plane = size * size;
  const result = planes.slice() as Planes;
  for (let at = 0; at < plane; at++) {
    const source = from(at);
    for (let start = 0; start < planes.length; start += plane) result[start + at] = planes[start + source];
  }
  return result;
}
