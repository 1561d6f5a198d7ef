/** All checks of an order before anything starts: those of the command line, in its words. */
import { usesNoCompiler } from './lazy.ts';
import type { CraftOrder } from './protocol.ts';

/**
 * What is wrong with an order; null where nothing is.
 * @param classes Of the network.
 */
export async function complaintOf(order: CraftOrder, classes: number): Promise<string | null> {
  await usesNoCompiler();
  const { checkCraft } = await import('#shared/attacks');
  const { attack, settings, norm, epsilon, canvas, seed, budget, network, synthetic, photos } = order;
  if (synthetic !== null && !Number.isInteger(synthetic))
    return `The number of pictures is ${synthetic}, and must be a whole number. Choose one, such as 120.`;
  try {
    checkCraft({
      ...{ attack, settings, norm, epsilon, canvas, seed, budget },
      surrogates: [{ id: network.title, classes }],
      photos: synthetic ?? photos.length,
    });
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
