import type { ControlKind, ControlRow } from '../release/records.ts';

/** Draws of one control. */
export interface ControlSpread {
  draws: number;
  /** Mean ratio, and those of the draws that fooled fewest and most. */
  mean: number;
  lowest: number;
  highest: number;
}

export interface ControlSummary {
  /** By kind; those that were drawn. */
  spreads: Partial<Record<ControlKind, ControlSpread>>;
  /** The draw that fooled most. */
  strongest: ControlRow;
  /**
   * Whether the perturbation fools more photos than every draw of every control, each time by the exact paired test at
   * 5 %.
   */
  beatsAll: boolean;
}

/** The controls of one perturbation on one target; null where there are none. */
export function summariseControls(rows: readonly ControlRow[]): ControlSummary | null {
  if (rows.length === 0) return null;
  const spreads: ControlSummary['spreads'] = {};
  for (const [kind, draws] of Map.groupBy(rows, ({ control }) => control)) {
    const ratios = draws.map(({ ratio }) => ratio);
    spreads[kind] = {
      draws: ratios.length,
      mean: ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length,
      lowest: Math.min(...ratios),
      highest: Math.max(...ratios),
    };
  }
  return {
    spreads,
    strongest: rows.reduce((most, row) => (row.fooled > most.fooled ? row : most)),
    beatsAll: rows.every((row) => row.only_perturbation > row.only_control && row.p < 0.05),
  };
}
