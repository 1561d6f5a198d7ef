/** The rows of the ablation: changes from plain cosine-uap, and from `house` as it is. */
export const rows: Record<string, { attack: string; settings: Record<string, unknown> }> = {
  plain: { attack: 'cosine-uap', settings: {} },
  centred: { attack: 'cosine-uap', settings: { centred: true } },
  'steps of 0.2 to a fiftieth, momentum 0.95': {
    attack: 'cosine-uap',
    settings: { step: 0.2, decayTo: 0.02, momentum: 0.95 },
  },
  'half centred': { attack: 'house', settings: { step: 0.1, decayTo: 0.1, momentum: 0.9 } },
  house: { attack: 'house', settings: {} },
  'house, not centred': { attack: 'house', settings: { centred: 0 } },
  'house, all centred': { attack: 'house', settings: { centred: 1 } },
  'house, batch 10': { attack: 'house', settings: { batch: 10 } },
  'house, batch 40': { attack: 'house', settings: { batch: 40 } },
  'house, zoom 0.15': { attack: 'house', settings: { zoom: 0.15 } },
  'house, zoom 0.3': { attack: 'house', settings: { zoom: 0.3 } },
  'house, shift 0.14': { attack: 'house', settings: { shift: 0.14 } },
  'house, momentum 0.9': { attack: 'house', settings: { momentum: 0.9 } },
  'house, step 0.4': { attack: 'house', settings: { step: 0.4 } },
  'house, step 0.1': { attack: 'house', settings: { step: 0.1 } },
};
