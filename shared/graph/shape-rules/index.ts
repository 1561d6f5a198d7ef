// Output types and shapes by operator. An operator that is not here leaves its outputs unknown, which is no error by
// itself.
import { layout } from './layout.ts';
import type { ShapeRule } from './types.ts';
import { values } from './values.ts';
import { windows } from './windows.ts';

export { longestVector, vectorOf } from './types.ts';

export const shapeRules: Record<string, ShapeRule> = { ...layout, ...values, ...windows };
