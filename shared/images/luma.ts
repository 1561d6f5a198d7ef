/** What red, green and blue have in the brightness of a pixel: ITU-R BT.601, as JPEG and Pillow's "L" have it. */
export const luma = [0.299, 0.587, 0.114] as const;
