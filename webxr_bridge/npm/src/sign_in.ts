/** The one "Sign in" button's dialog: use a passkey, or create one. */

import { h } from './dom';
import { hasPasskeys } from './passkeys';

export class SignInDialog {
  private readonly dialog = h('dialog', { class: 'bx-dialog', 'aria-labelledby': 'bx-sign-in-title' });
  private readonly name = h('input', {
    type: 'text', maxlength: '40', autocomplete: 'username webauthn', 'aria-label': 'Your name', name: 'name',
  });

  constructor(
    parent: HTMLElement,
    private readonly onChoice: (how: 'use' | 'create', name: string) => void,
  ) {
    parent.append(this.dialog);
  }

  open(): void {
    if (this.dialog.open) return;
    this.name.value = '';
    this.name.placeholder = 'Your name';
    const use = h('button', { class: 'bx-primary', type: 'button' }, 'Use my passkey');
    use.addEventListener('click', () => this.choose('use'));
    const create = h('form', { class: 'bx-create' }, this.name,
      h('button', { class: 'bx-secondary' }, 'Create a passkey'));
    create.addEventListener('submit', (event) => {
      event.preventDefault();
      this.choose('create');
    });
    const cancel = h('button', { class: 'bx-link', type: 'button', onclick: () => this.dialog.close() }, 'Not now');
    const body = hasPasskeys()
      ? [h('p', {}, 'No password: your device asks you to unlock it.'), use,
          h('p', { class: 'bx-or' }, 'New here?'), create]
      : [h('p', {}, 'This browser cannot use passkeys on this page. Open the address that begins with https:// or http://localhost.')];
    this.dialog.replaceChildren(h('h2', { id: 'bx-sign-in-title' }, 'Sign in'), ...body, cancel);
    this.dialog.showModal();
    use.focus();
  }

  private choose(how: 'use' | 'create'): void {
    const name = this.name.value.trim();
    if (how === 'create' && !name) {
      this.name.focus();
      return;
    }
    this.dialog.close();
    this.onChoice(how, name);
  }
}
