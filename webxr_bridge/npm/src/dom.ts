/** Small helpers to build the page: text is set as text, never as markup. */

type Attributes = Record<string, string | boolean | ((event: Event) => void) | undefined>;

/** Make an element; `on…` attributes are listeners, `true` sets a bare attribute. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, '');
    else if (typeof value === 'string') element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/** Replace all children. */
export function fill(element: HTMLElement, ...children: (Node | string)[]): void {
  element.replaceChildren(...children);
}

/** Break a plain text into paragraphs. */
export function paragraphs(text: string): HTMLElement[] {
  return text.split(/\n+/).filter(Boolean).map((line) => h('p', {}, line));
}
