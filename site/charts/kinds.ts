/** What figures are made of: a few kinds of drawing, as data. site/components/charts draws each at build time. */

export interface Scale {
  from: number;
  to: number;
  ticks: { at: number; text: string }[];
}

/** What stands beside the value of a row: controls, the state before. */
export interface Mark {
  shape: 'ring' | 'square' | 'diamond' | 'tick';
  at: number;
}

/** Rows of a name, a value in its interval on a common scale, and the value in words. */
export interface Dots {
  kind: 'dots';
  scale: Scale;
  groups: {
    title?: string;
    rows: {
      name: string;
      href?: string;
      value: number;
      text: string;
      low?: number;
      high?: number;
      marks?: Mark[];
      /** The row in a sentence. */
      said: string;
    }[];
  }[];
}

/** Curves over a common scale. */
export interface Lines {
  kind: 'lines';
  x: Scale & { title: string };
  y: Scale & { title: string };
  series: {
    name: string;
    /** The others are drawn faintly, and named in words alone. */
    isMain: boolean;
    /** Of its points; left out: that of a value, or of the others a speck. */
    shape?: Exclude<Key['shape'], 'line'>;
    points: { x: number; y: number; low?: number; high?: number; said: string }[];
  }[];
  /** A level to compare with. */
  level?: { at: number; text: string };
}

/** A cloud of points in two measures. */
export interface Points {
  kind: 'points';
  x: Scale & { title: string };
  y: Scale & { title: string };
  points: { x: number; y: number; isMain: boolean; said: string }[];
  /** What the line of equal values means. */
  diagonal?: string;
}

/** Shares of a whole, sorted anew: bands from the left to the right. */
export interface Flow {
  kind: 'flow';
  total: number;
  before: { name: string; count: number }[];
  after: { name: string; count: number }[];
  /** Places in `before` and `after`; `changed` of the count are no longer what they were. */
  bands: { from: number; to: number; count: number; isChanged: boolean; said: string }[];
}

/** Things in columns, each a square. */
export interface Columns {
  kind: 'columns';
  title: string;
  columns: { name: string; items: { said: string; isFooled: boolean }[] }[];
}

/** How a mark is to be read: its shape, and words. */
export interface Key {
  shape: 'value' | 'line' | Mark['shape'];
  text: string;
}

export interface Drawing {
  /** Whether its values are shares of photos that are fooled: those alone are red. */
  isFooled: boolean;
  /** One thing of the finding, told. */
  caption: string;
  keys: Key[];
  chart: Dots | Lines | Points | Flow | Columns;
}

export const percents: Scale = {
  from: 0,
  to: 1,
  ticks: [0, 0.25, 0.5, 0.75, 1].map((at) => ({ at, text: `${at * 100}` })),
};

/** Where a value lies on a scale, in percent of its length. */
export const place = ({ from, to }: Scale, value: number): string =>
  `${(((Math.min(Math.max(value, Math.min(from, to)), Math.max(from, to)) - from) / (to - from)) * 100).toFixed(2)}%`;
