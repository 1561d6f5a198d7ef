/** The rows of the ablation: changes from plain cosine-uap, and one change at a time from `house` as it is. */
export const rows: Record<string, { attack: string; settings: Record<string, unknown> }> = {
  'cosine-uap': { attack: 'cosine-uap', settings: {} },
  'cosine-uap, centred': { attack: 'cosine-uap', settings: { centred: true } },
  'cosine-uap, steps of 0.2 to a fiftieth, momentum 0.95': {
    attack: 'cosine-uap',
    settings: { step: 0.2, decayTo: 0.02, momentum: 0.95 },
  },
  house: { attack: 'house', settings: {} },
  'house, not centred': { attack: 'house', settings: { centred: 0 } },
  'house, half centred': { attack: 'house', settings: { centred: 0.5 } },
  'house, all centred': { attack: 'house', settings: { centred: 1 } },
  'house, not enlarged': { attack: 'house', settings: { zoom: 0 } },
  'house, not enlarged, not centred': { attack: 'house', settings: { zoom: 0, centred: 0 } },
  'house, not enlarged, half centred': { attack: 'house', settings: { zoom: 0, centred: 0.5 } },
  'house, not enlarged, all centred': { attack: 'house', settings: { zoom: 0, centred: 1 } },
  'house, not enlarged, all centred, batch 10': { attack: 'house', settings: { zoom: 0, centred: 1, batch: 10 } },
  'house, not enlarged, all centred, shift 0.14': {
    attack: 'house',
    settings: { zoom: 0, centred: 1, shift: 0.14 },
  },
  'house, not enlarged, all centred, step 0.4': { attack: 'house', settings: { zoom: 0, centred: 1, step: 0.4 } },
  'house, not enlarged, all centred, momentum 0.9': {
    attack: 'house',
    settings: { zoom: 0, centred: 1, momentum: 0.9 },
  },
  'house, enlarged by up to 50 %': { attack: 'house', settings: { zoom: 0.5 } },
  'house, momentum 0.9': { attack: 'house', settings: { momentum: 0.9 } },
  'house, batch 10': { attack: 'house', settings: { batch: 10 } },
  'house, batch 10, momentum 0.9': { attack: 'house', settings: { batch: 10, momentum: 0.9 } },
  'house, the surest 150': { attack: 'house', settings: { pick: 150 } },
  'house, photos as they are': { attack: 'house', settings: { shift: 0, zoom: 0, flips: false } },
};
