/** What a module of TypeScript says of its imports and exports, without running it. */
import { init, parse } from 'es-module-lexer';

export interface ModuleImport {
  /** As it is written. */
  from: string;
  /** Names that are imported from it; null for the whole module. Empty where all of them are types. */
  names: string[] | null;
  /** For `export { a as b } from`: a by b. */
  exported: ReadonlyMap<string, string>;
  /** `export * from`. */
  isAll: boolean;
}

export interface ParsedModule {
  imports: ModuleImport[];
  /** Names of its own. */
  exports: ReadonlySet<string>;
  /** Relative addresses in `new URL('…', import.meta.url)`. */
  urls: string[];
  /** What it names in `import.meta.resolve('…')`: files of packages. */
  resolved: string[];
  /** Whether it is nothing but `export … from`. */
  isDoor: boolean;
}

/** What es-module-lexer calls an `import.meta`. */
const importMeta = -2;

export const initParser = (): Promise<void> => init;

/**
 * es-module-lexer reads TypeScript as it reads JavaScript; a test holds this to what is left when types are stripped.
 */
export function parseModule(source: string): ParsedModule {
  const [imports, exports] = parse(source);
  const found: ModuleImport[] = [];
  // Re-exports of types are nothing that the parser knows.
  let rest = source.replace(/^export type \{[^}]*\} from '[^']*';$/gm, '');
  const urls: string[] = [];
  const resolved: string[] = [];
  let isDoor = imports.length > 0;
  for (const { n: from, ss, se, d: kind } of imports) {
    if (kind === importMeta) {
      const url = /new URL\(\s*['"]([^'"]+)['"],\s*$/.exec(source.slice(0, ss));
      const name = /^\.resolve\(\s*['"]([^'"]+)['"]/.exec(source.slice(se));
      if (url) urls.push(url[1]);
      if (name) resolved.push(name[1]);
      continue;
    }
    // `typeof import('…')` is a type.
    if (/\btypeof\s+$/.test(source.slice(Math.max(0, ss - 20), ss))) continue;
    const statement = source.slice(ss, se);
    rest = rest.replace(statement, '');
    if (from === undefined) continue;
    // The place of its bracket: it is a dynamic import.
    if (kind >= 0) found.push({ from, names: null, exported: new Map(), isAll: false });
    else found.push(...staticImport(from, statement));
    if (!statement.startsWith('export')) isDoor = false;
  }
  return {
    imports: found,
    exports: new Set(exports.map(({ n }) => n)),
    urls,
    resolved,
    isDoor: isDoor && withoutComments(rest).replaceAll(';', '').trim() === '',
  };
}

/** One import or re-export; nothing where it imports types alone. */
function staticImport(from: string, statement: string): ModuleImport[] {
  const head = withoutComments(statement.slice(0, Math.max(0, statement.lastIndexOf(from) - 1)));
  if (/^(import|export)\s+type[\s{*]/.test(head)) return [];
  const isExport = head.startsWith('export');
  const braces = /\{([^}]*)\}/.exec(head);
  const pairs = (braces?.[1] ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '' && !/^type\s/.test(part))
    .map((part) => {
      const [name, as = name] = part.split(/\s+as\s+/);
      return [as, name] as const;
    });
  const names = pairs.map(([, name]) => name);
  // `import x, { y } from`: the default export comes from the same file.
  const before = head.slice('import'.length, braces?.index).replace(/\bfrom\b/, '');
  if (!isExport && /^\s*\w/.test(before)) names.push('default');
  const whole = /\*/.test(head) || (!braces && !isExport && names.length === 0);
  return [
    {
      from,
      names: whole ? null : names,
      exported: new Map(isExport ? pairs : []),
      isAll: isExport && /^export\s*\*\s*from/.test(head),
    },
  ];
}

const withoutComments = (text: string) => text.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, '');
