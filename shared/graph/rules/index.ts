// The table of gradient rules. To support an operator, add a rule to its family's file, or a new family here.
import { activations } from './activations.ts';
import { arithmetic } from './arithmetic.ts';
import { attention } from './attention.ts';
import { convolution } from './convolution.ts';
import { joining } from './joining.ts';
import { layout } from './layout.ts';
import { linear } from './linear.ts';
import { normalisation } from './normalisation.ts';
import { picking } from './picking.ts';
import { pooling } from './pooling.ts';
import { quantisation } from './quantisation.ts';
import { reductions } from './reductions.ts';
import { resampling } from './resampling.ts';
import { sampling } from './sampling.ts';
import type { Rule } from './types.ts';

export { type Rule, withoutGradient, zero } from './types.ts';

export const rules: Record<string, Rule> = {
  ...activations,
  ...arithmetic,
  ...attention,
  ...convolution,
  ...joining,
  ...layout,
  ...linear,
  ...normalisation,
  ...picking,
  ...pooling,
  ...quantisation,
  ...reductions,
  ...resampling,
  ...sampling,
};
