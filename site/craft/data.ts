import type { Fit, Norm } from '#shared/release';
import type { CraftNetwork } from './protocol.ts';

/** What a visitor can craft with; made at build time from the release and the attacks. */
export interface CraftData {
  /** Side of the release's canvases in pixels, and how photos become them. */
  canvas: number;
  fit: Fit;
  models: PublishedNetwork[];
  /** Published photos, by their files' names. */
  photos: { name: string; url: string; shows: string }[];
  attacks: AttackData[];
  /** The epsilon that is usual under each norm, on the release's canvas. */
  usual: Record<Norm, number>;
  start: { network: string; attack: string };
}

/** A network of the release. */
export type PublishedNetwork = CraftNetwork & { classes: number };

export interface AttackData {
  name: string;
  summary: string;
  /** One line; null for what no paper proposed. */
  paper: string | null;
  settings: SettingData[];
}

/** A setting as a form shows it. */
export interface SettingData {
  name: string;
  /** null: left out. */
  default: string | number | boolean | null;
  description: string;
  /** flag: yes or no; number and whole: within `least` and `most` where there are any; else one of these words. */
  kind: 'flag' | 'number' | 'whole' | readonly string[];
  least?: number;
  most?: number;
}
