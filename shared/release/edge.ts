/**
 * The largest prepared model that the Worker serves, in bytes. A session takes up to four times the bytes of float
 * weights, and an isolate has 128 MB for it, the Worker, and a photo that is decoded.
 */
export const edgeModelBytes = 10_000_000;
