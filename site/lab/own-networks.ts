/** The visitor's networks as the lab reads with them: files at addresses of this browser. */
import type { OwnNetworkSummary } from '../own-network/network.ts';
import { remember } from '../runtime/index.ts';
import type { LabData, ModelFiles } from './data.ts';
import { LabError } from './failure.ts';

/**
 * Where a network's graph for a canvas of `size` pixels lies, and its labels.
 * @throws LabError where this browser does not have it any more, or has no room for it
 */
export const ownFiles = (size: number) =>
  remember(async (id: string): Promise<ModelFiles> => {
    const { ownNetwork } = await import('../own-network/index.ts');
    const network = await ownNetwork(id, size).catch((error: unknown) => {
      throw new LabError('network', (error as Error).message, error);
    });
    if (!network)
      throw new LabError('network', 'This browser does not have that network any more. Choose another one.');
    const { bytes, labels } = network;
    const urlOf = (part: BlobPart) => URL.createObjectURL(new Blob([part]));
    return { url: urlOf(bytes), bytes: bytes.byteLength, labels: urlOf(JSON.stringify(labels)) };
  }, 4);

/** The lab's entry of a network; its files are asked for when it reads. */
export const entryFor = ({ id, title }: OwnNetworkSummary): LabData['models'][number] => ({
  ...{ id, title, url: '', bytes: 0, labels: '' },
});

/** What is to be known of it beside the menu. @param size of the release's canvas */
export function ownNote({ preprocessing: { inputSize, inputWidth = inputSize } }: OwnNetworkSummary, size: number) {
  const other =
    inputSize === size && inputWidth === size
      ? ''
      : ` Its input has ${inputWidth} x ${inputSize} pixels: picture and pattern have ${size} x ${size}, and are resized inside of it.`;
  return `It runs in this browser alone: the release has no answers of it, and the edge does not have it.${other}`;
}
