/**
 * The identity of code: a hash over every file of the checkout that a module reaches through its imports, and over the
 * installed version of every package met on the way. What made a result is found this way and never listed by hand.
 *
 * Followed are static imports, `import('…')` and `import.meta.resolve('…')` of a literal, and files named by `new
 * URL('…', import.meta.url)`, which is how worker threads start. Imports of types are not followed: they are gone when
 * the code runs. A door (a file of nothing but `export … from`) is looked through: a module depends on the file that
 * has the name it imports, not on all that leaves by the same door. A test runs every step under V8's coverage and
 * holds the result to what was executed.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, extname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AtlasError } from '#shared/errors';
import { initParser, type ParsedModule, parseModule } from './modules.ts';

const checkout = fileURLToPath(new URL('../../', import.meta.url));

/** What a module is made of. */
export interface Code {
  /** First 16 hexadecimal digits of a SHA-256. */
  hash: string;
  /** Files of the checkout, relative to its root with "/" between folders, sorted. */
  files: string[];
  /** Installed version by package. */
  packages: Record<string, string>;
}

/** Reads each file once, however many modules reach it. */
export class CodeReader {
  readonly #root: string;
  readonly #modules = new Map<string, ParsedModule>();
  readonly #hashes = new Map<string, string>();
  readonly #versions = new Map<string, string>();
  readonly #codes = new Map<string, Code>();

  private constructor(root: string) {
    this.#root = resolve(root);
  }

  /** @param root The checkout that is looked at; this one when left out. */
  static async open(root = checkout): Promise<CodeReader> {
    await initParser();
    return new CodeReader(root);
  }

  /**
   * The code that `entries` reach.
   * @param entries Files (paths, or the `import.meta.url` of a module).
   * @throws AtlasError for an import that leads nowhere, and for a package that is not installed.
   */
  of(entries: readonly string[]): Code {
    const paths = [...new Set(entries.map((entry) => this.#here(entry)))].sort();
    const id = paths.join('\n');
    const known = this.#codes.get(id);
    if (known) return known;
    const files = new Set<string>();
    const packages = new Set<string>();
    const waiting = [...paths];
    for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
      if (files.has(path)) continue;
      files.add(path);
      for (const target of this.#reachedFrom(path, packages)) if (!files.has(target)) waiting.push(target);
    }
    const code = this.#codeOf([...files], [...packages]);
    this.#codes.set(id, code);
    return code;
  }

  #codeOf(paths: string[], names: string[]): Code {
    const hash = createHash('sha256');
    const files = paths.map((path) => relative(this.#root, path).split(sep).join('/')).sort();
    for (const file of files) hash.update(`${file} ${this.#hashOf(join(this.#root, file))}\n`);
    const packages = Object.fromEntries(names.sort().map((name) => [name, this.#versionOf(name)]));
    for (const [name, version] of Object.entries(packages)) hash.update(`${name}@${version}\n`);
    return { hash: hash.digest('hex').slice(0, 16), files, packages };
  }

  /** The files that a module needs; the packages go into `packages`. */
  #reachedFrom(path: string, packages: Set<string>): string[] {
    const reached: string[] = [];
    const module = this.#moduleOf(path);
    for (const { from, names } of module.imports) {
      const target = this.#resolve(from, path, packages);
      if (target) reached.push(...this.#through(target, names, packages));
    }
    for (const name of module.resolved) this.#resolve(name, path, packages);
    for (const url of module.urls) {
      const target = join(dirname(path), url);
      // A folder is a place, not code.
      if (existsSync(target) && statSync(target).isFile()) reached.push(target);
    }
    return reached;
  }

  /** The files behind the names that are imported from `path`: itself, unless it is a door. */
  #through(path: string, names: readonly string[] | null, packages: Set<string>): string[] {
    const { isDoor, imports } = this.#moduleOf(path);
    if (!isDoor || names === null) return [path];
    const targets = imports.map((one) => ({ ...one, path: this.#resolve(one.from, path, packages) }));
    return names.flatMap((name) => {
      const named = targets.find((target) => target.exported.has(name));
      if (named && named.path === null) return [];
      if (named?.path) return this.#through(named.path, [named.exported.get(name) as string], packages);
      const all = targets.find((target) => target.path && target.isAll && this.#exports(target.path, name, packages));
      // Nobody has it: then whatever the door leads to may count.
      return all?.path ? this.#through(all.path, [name], packages) : [path];
    });
  }

  #exports(path: string, name: string, packages: Set<string>): boolean {
    const { exports, imports } = this.#moduleOf(path);
    if (exports.has(name)) return true;
    return imports.some(({ from, exported, isAll }) => {
      if (exported.has(name)) return true;
      const target = isAll ? this.#resolve(from, path, packages) : null;
      return target !== null && this.#exports(target, name, packages);
    });
  }

  #moduleOf(path: string): ParsedModule {
    let module = this.#modules.get(path);
    if (!module) {
      module = parseModule(/\.[cm]?[jt]s$/.test(path) ? readFileSync(path, 'utf8') : '');
      this.#modules.set(path, module);
    }
    return module;
  }

  /** The file that an import names; null for a package, which is noted, and for what Node brings along. */
  #resolve(from: string, importer: string, packages: Set<string>): string | null {
    if (from.startsWith('node:')) return null;
    const door = /^#shared\/([^/]+)$/.exec(from);
    if (!door && !from.startsWith('.')) {
      packages.add(from.split('/', from.startsWith('@') ? 2 : 1).join('/'));
      return null;
    }
    const path = door ? join(this.#root, 'shared', door[1], 'index.ts') : resolve(dirname(importer), from);
    if (existsSync(path)) return path;
    throw new AtlasError(
      `${relative(this.#root, importer)} imports ${from}, and there is no such file. The checkout is incomplete: restore it with git, or clone it again.`,
    );
  }

  #hashOf(path: string): string {
    const known = this.#hashes.get(path) ?? createHash('sha256').update(readFileSync(path)).digest('hex');
    this.#hashes.set(path, known);
    return known;
  }

  #versionOf(name: string): string {
    const known = this.#versions.get(name);
    if (known) return known;
    const path = join(this.#root, 'node_modules', ...name.split('/'), 'package.json');
    if (!existsSync(path)) {
      throw new AtlasError(`The package ${name} is not installed in ${this.#root}. Run \`npm ci\` there.`);
    }
    const { version } = JSON.parse(readFileSync(path, 'utf8')) as { version: string };
    this.#versions.set(name, version);
    return version;
  }

  #here(entry: string): string {
    const path = entry.startsWith('file:') ? fileURLToPath(entry) : resolve(this.#root, entry);
    if (extname(path) !== '' && existsSync(path)) return path;
    throw new AtlasError(`There is no module ${path} whose code could be found.`);
  }
}
