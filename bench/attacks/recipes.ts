/**
 * The rows of the ablation: cosine-uap as it is, `house` before it took large steps, and one change at a time from
 * `house` as it is.
 */
const plain = { zoom: 0 };
const small = { ...plain, step: 0.2, batch: 20, batchTo: 20, lookahead: false };

export const rows: Record<string, { attack: string; settings: Record<string, unknown> }> = {
  'cosine-uap': { attack: 'cosine-uap', settings: {} },
  'centred, steps of 0.2 to a fiftieth, momentum 0.95': { attack: 'house', settings: small },
  'the same, looking ahead': { attack: 'house', settings: { ...small, lookahead: true } },
  'the same, looking ahead, batches of 8 to 40': {
    attack: 'house',
    settings: { ...small, lookahead: true, batch: 8, batchTo: 40 },
  },
  'the same, looking ahead, batches of 8 to 40, steps of 0.4': { attack: 'house', settings: { ...plain, step: 0.4 } },
  'house, never enlarged': { attack: 'house', settings: plain },
  house: { attack: 'house', settings: {} },
  'never enlarged, steps of 1.6': { attack: 'house', settings: { ...plain, step: 1.6 } },
  'never enlarged, batches of 20': { attack: 'house', settings: { ...plain, batch: 20, batchTo: 20 } },
  'never enlarged, not looking ahead': { attack: 'house', settings: { ...plain, lookahead: false } },
  'never enlarged, momentum 0.98': { attack: 'house', settings: { ...plain, momentum: 0.98 } },
  'never enlarged, last step a two-hundredth': { attack: 'house', settings: { ...plain, decayTo: 0.005 } },
  'never enlarged, not centred': { attack: 'house', settings: { ...plain, centred: 0 } },
  'enlarged by up to 15 % from the start': { attack: 'house', settings: { zoom: 0.15, zoomAfter: 0 } },
  'the surest 150': { attack: 'house', settings: { pick: 150 } },
  'gd-uap, prior none': { attack: 'gd-uap', settings: { prior: 'none' } },
  'gd-uap, prior range': { attack: 'gd-uap', settings: { prior: 'range' } },
  'gd-uap, prior range, batch 10': { attack: 'gd-uap', settings: { prior: 'range', batch: 10 } },
  'gd-uap, prior data, batch 10': { attack: 'gd-uap', settings: { prior: 'data', batch: 10 } },
  'gd-uap, prior range, as it is, batch 10': {
    attack: 'gd-uap',
    settings: { prior: 'range', augment: false, batch: 10 },
  },
  'gd-uap, prior data': { attack: 'gd-uap', settings: { prior: 'data' } },
  'photos as they are': { attack: 'house', settings: { shift: 0, zoom: 0, flips: false } },
};
