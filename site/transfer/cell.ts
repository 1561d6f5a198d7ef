/** What a cell of the matrix shows in each of its views, as the page hands it to the script: there are many cells. */

export const views = { ratio: 'fooling ratio', less: 'less noise', spread: 'spread over seeds' } as const;
export type View = keyof typeof views;

export interface Shown {
  text: string;
  /** Small, below the text. */
  below: string;
  /** Its colours, by their name in the palette. */
  shade: string;
}
export type Views = Record<View, Shown | null>;

const names = Object.keys(views) as View[];

export const packed = (shown: Views): string =>
  names
    .map((name) => (shown[name] ? [shown[name].text, shown[name].below, shown[name].shade].join('|') : ''))
    .join(';');

export function unpacked(text: string): Views {
  const parts = text.split(';').map((part): Shown | null => {
    const [shown, below, shade] = part.split('|');
    return shade ? { text: shown, below, shade } : null;
  });
  return Object.fromEntries(names.map((name, i) => [name, parts[i] ?? null])) as Views;
}

/** The style of a cell. */
export const shaded = ({ shade }: Shown): string => `--cell:var(--${shade});--on:var(--${shade}-on)`;
