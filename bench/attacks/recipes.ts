/** The rows of the ablation: changes from plain cosine-uap, by name. */
export const rows: Record<string, { attack: string; settings: Record<string, unknown> }> = {
  plain: { attack: 'cosine-uap', settings: {} },
  'no shift': { attack: 'cosine-uap', settings: { shift: 0 } },
  centred: { attack: 'cosine-uap', settings: { centred: true } },
  'step 0.2 to a fiftieth': { attack: 'cosine-uap', settings: { step: 0.2, decayTo: 0.02 } },
  'momentum 0.95': { attack: 'cosine-uap', settings: { momentum: 0.95 } },
  'batch 10': { attack: 'cosine-uap', settings: { batch: 10 } },
  'zoom 0.3': { attack: 'cosine-uap', settings: { zoom: 0.3 } },
  together: { attack: 'cosine-uap', settings: { centred: true, step: 0.2, decayTo: 0.02, momentum: 0.95 } },
  'together and zoom': {
    attack: 'cosine-uap',
    settings: { centred: true, step: 0.2, decayTo: 0.02, momentum: 0.95, zoom: 0.3 },
  },
};
