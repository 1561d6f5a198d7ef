/** What the parts of the page share. */

/** What visitors bring a network with stands within the page, and has names of its own. */
const NOT_OTHERS = ':not(atlas-own-network *)';

/** The element `data-<name>` of a part of the page. */
export function named<T extends Element = HTMLElement>(root: ParentNode, name: string): T {
  const element = root.querySelector<T>(`[data-${name}]${NOT_OTHERS}`);
  if (!element)
    throw new Error(`The page has no element data-${name}: its markup and its script are of different versions.`);
  return element;
}

/** Writes a text where it is another one: what stands there already is not read out again. */
export function tell(root: ParentNode, name: string, text: string): void {
  const element = named(root, name);
  if (element.textContent !== text) element.textContent = text;
}

export function make<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  properties: Partial<HTMLElementTagNameMap[Name]> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Name] {
  const element: HTMLElementTagNameMap[Name] = document.createElement(name);
  Object.assign(element, properties);
  element.append(...children);
  return element;
}

/** Hands a file to the visitor. */
export function save(file: Blob, name: string): void {
  const url = URL.createObjectURL(file);
  make('a', { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
