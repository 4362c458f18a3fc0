/** What people say: a log that a screen reader follows, and a line to write in. */

import { h } from './dom';
import { roleColour } from './tags';

const LINES_MAX = 100;
const CHARACTERS_MAX = 500;

export class Chat {
  readonly element: HTMLElement;
  private readonly log = h('div', { class: 'bx-log', role: 'log', 'aria-live': 'polite', tabindex: '0', 'aria-label': 'Chat' });
  private readonly input = h('input', {
    type: 'text', maxlength: String(CHARACTERS_MAX), autocomplete: 'off', 'aria-label': 'Say something',
  });

  constructor(onSay: (text: string) => void, onLeave: () => void) {
    const form = h('form', { class: 'bx-say' }, this.input, h('button', { class: 'bx-secondary' }, 'Send'));
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      const text = this.input.value.trim();
      if (text) onSay(text);
      this.input.value = '';
    });
    this.input.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') onLeave();
    });
    this.element = h('section', { class: 'bx-chat bx-card', 'aria-label': 'Chat' }, this.log, form);
    this.setAllowed(false);
  }

  focus(): void {
    this.input.focus();
  }

  setAllowed(isAllowed: boolean): void {
    this.input.disabled = !isAllowed;
    this.input.placeholder = isAllowed ? 'Say something…' : 'Sign in to talk';
    this.element.classList.toggle('bx-muted', !isAllowed);
  }

  add(line: { name: string; role: string; is_own: boolean; text: string; is_emote: boolean }): void {
    const who = h('strong', {}, line.is_own ? `${line.name} (you)` : line.name);
    who.style.setProperty('color', roleColour(line.role));
    const isAtEnd = this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < 40;
    const words = line.is_emote ? h('em', {}, GESTURES[line.text] ?? line.text) : line.text;
    this.log.append(h('p', {}, who, ' ', words));
    while (this.log.childElementCount > LINES_MAX) this.log.firstElementChild?.remove();
    if (isAtEnd) this.log.scrollTop = this.log.scrollHeight;
  }

  clear(): void {
    this.log.replaceChildren();
  }
}

const GESTURES: Record<string, string> = { wave: 'waves', nod: 'nods', clap: 'claps' };
