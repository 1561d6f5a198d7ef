import { z } from 'zod';
import { attack } from './attack.ts';
import { descend, noiseStart } from './descend.ts';
import { cosine } from './objectives.ts';
import { descentSettings, ensembleSetting, startSetting, targetSetting } from './settings.ts';

export const house = attack({
  name: 'house',
  summary:
    'Our own recipe: centred cosine, long momentum, large steps that die away, photos that never look the same twice.',
  paper: null,
  usesModel: true,
  ensembles: true,
  keeps: 'last',
  settings: z.strictObject({
    ...descentSettings,
    step: descentSettings.step.default(0.2),
    decayTo: descentSettings.decayTo.default(0.02),
    momentum: descentSettings.momentum.default(0.95),
    centred: z
      .number()
      .min(0)
      .max(1)
      .default(0.5)
      .describe('share of the mean clean logits that is subtracted before taking the cosine'),
    ...startSetting,
    ...targetSetting,
    ...ensembleSetting,
  }),
  begin: (work, of) =>
    descend(work, of, {
      objective: cosine({ centred: of.centred, target: of.target }),
      start: noiseStart(work, of.start),
    }),
});
