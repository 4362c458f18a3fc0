/** Panels that a script opens, as cards beside the picture; plain text, fields and buttons. */

import { h, paragraphs } from './dom';
import type { Panel } from './messages';

export type Pressed = (panel: string, button: string, fields: Record<string, string>) => void;

export class Panels {
  readonly element = h('div', { class: 'bx-panels', 'aria-live': 'polite' });
  private readonly open = new Map<string, { panel: Panel; card: HTMLElement }>();

  constructor(
    private readonly onPressed: Pressed,
    private readonly onLeave: () => void,
  ) {}

  get all(): Panel[] {
    return [...this.open.values()].map(({ panel }) => panel);
  }

  show(panel: Panel): void {
    const card = this.draw(panel);
    const before = this.open.get(panel.name);
    const hadFocus = before?.card.contains(document.activeElement) ?? false;
    if (before) before.card.replaceWith(card);
    else this.element.append(card);
    this.open.set(panel.name, { panel, card });
    if (hadFocus) card.querySelector<HTMLElement>('input, button')?.focus();
  }

  close(name: string): void {
    const entry = this.open.get(name);
    if (!entry) return;
    const hadFocus = entry.card.contains(document.activeElement);
    entry.card.remove();
    this.open.delete(name);
    if (hadFocus) this.onLeave();
  }

  clear(): void {
    for (const name of [...this.open.keys()]) this.close(name);
  }

  /** What stands in a panel's fields now. */
  fieldsOf(name: string): Record<string, string> {
    const inputs = this.open.get(name)?.card.querySelectorAll('input') ?? [];
    return Object.fromEntries([...inputs].map((input) => [input.name, input.value]));
  }

  private draw(panel: Panel): HTMLElement {
    const id = `bx-panel-${panel.name.replaceAll(/[^\w-]/g, '_')}`;
    const fields = panel.fields.map((field) => {
      const input = h('input', { name: field.name, type: 'text', autocomplete: 'off', maxlength: '200' });
      input.value = field.value;
      return h('label', { class: 'bx-field' }, h('span', {}, field.label), input);
    });
    const buttons = panel.buttons.map((button, index) =>
      h('button', {
        type: index === 0 ? 'submit' : 'button',
        class: index === 0 ? 'bx-primary' : 'bx-secondary',
        ...(index > 0 && { onclick: () => this.press(panel.name, button.name) }),
      }, button.label));
    const card = h('form', { class: 'bx-card bx-panel', role: 'region', 'aria-labelledby': id },
      h('h2', { id }, panel.title), ...paragraphs(panel.text), ...fields,
      ...(buttons.length ? [h('div', { class: 'bx-buttons' }, ...buttons)] : []));
    card.addEventListener('submit', (event) => {
      event.preventDefault();
      const first = panel.buttons[0];
      if (first) this.press(panel.name, first.name);
    });
    card.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') this.onLeave();
    });
    return card;
  }

  private press(panel: string, button: string): void {
    this.onPressed(panel, button, this.fieldsOf(panel));
  }
}
