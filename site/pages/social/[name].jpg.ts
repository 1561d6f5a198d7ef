/** The pictures beside links: one for each plate, and one for all other pages. */
import type { APIRoute } from 'astro';
import { jpeg, squareOf } from '../../pictures.ts';
import { loadAtlas, type Plate } from '../../release.ts';
import { sideOf, socialPicture } from '../../social.ts';

export function getStaticPaths() {
  const { plates } = loadAtlas();
  const first = plates.find(({ own }) => own.length > 0) ?? plates[0];
  const all = plates.map((plate) => ({ params: { name: plate.id }, props: { plate } }));
  return first ? [{ params: { name: 'atlas' }, props: { plate: first } }, ...all] : [];
}

export const GET: APIRoute<{ plate: Plate }> = async ({ props: { plate } }) => {
  const type = { headers: { 'Content-Type': 'image/jpeg' } };
  try {
    const { manifest } = loadAtlas();
    const example = plate.record.examples.find(({ fooled }) => fooled) ?? plate.record.examples[0];
    const photo = manifest.photos.find(({ file }) => file === example?.photo);
    const side = sideOf(example && photo ? 3 : 1);
    const pattern = await squareOf(plate.entry.preview, side, false);
    if (!example || !photo) return new Response(await jpeg(socialPicture([pattern])), type);
    const before = await squareOf(photo.key, side, true);
    const after = await squareOf(example.key, side, true);
    return new Response(await jpeg(socialPicture([before, pattern, after])), type);
  } catch {
    // A picture of a stranger's release that cannot be read: plain paper.
    return new Response(await jpeg(socialPicture([])), type);
  }
};
