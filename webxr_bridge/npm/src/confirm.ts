/**
 * The bank's own dialog. No script can open, fill or answer it: it is drawn from the canonical
 * text of an intent, and what is hashed and signed is that text.
 */

import { spoken } from './currencies';
import { h } from './dom';
import { type Intent, IntentRefused, parseIntent, requireSameChallenge } from './intent';
import type { Ask } from './messages';
import { CeremonyRefused, inner, use } from './passkeys';

export type Outcome = { credential: unknown } | { code: string };
const LIFETIME_MS = 120_000;
type ConfirmAsk = Extract<Ask, { kind: 'confirm' }>;

/** Rows of what is signed, for the dialog and for the headset's panel. */
export function rowsOf(intent: Intent): [string, string][] {
  const rows: [string, string][] = [
    ['To', intent.creditorName],
    ['Account', shortAccount(intent.creditorAccount)],
    ['Amount', spoken(intent.amount, intent.currency)],
  ];
  if (intent.reference) rows.push(['Reference', intent.reference]);
  rows.push(['From', shortAccount(intent.debtor)]);
  return rows;
}

/** Check an ask: the intent is strict, the passkey is asked for this very text, and this bank. */
export async function checked(ask: ConfirmAsk, rpId: string): Promise<Intent> {
  const intent = parseIntent(ask.canonical);
  const options = inner(ask.options);
  await requireSameChallenge(ask.canonical, options['challenge']);
  if (intent.rp !== rpId || (options['rpId'] ?? rpId) !== rpId) throw new IntentRefused('rp_mismatch');
  return intent;
}

/** Sign after a yes. The text is hashed again: nothing may have changed since it was shown. */
export async function sign(ask: ConfirmAsk, signal: AbortSignal): Promise<Outcome> {
  try {
    await requireSameChallenge(ask.canonical, inner(ask.options)['challenge']);
    return { credential: await use(ask.options, signal) };
  } catch (error) {
    if (error instanceof CeremonyRefused || error instanceof IntentRefused) return { code: error.code };
    throw error;
  }
}

export class ConfirmDialog {
  private readonly dialog = h('dialog', {
    class: 'bx-dialog bx-confirm',
    'aria-labelledby': 'bx-confirm-title',
  });
  private settle: ((outcome: Outcome) => void) | null = null;
  private abort: AbortController | null = null;
  private timer: number | undefined;

  constructor(parent: HTMLElement) {
    parent.append(this.dialog);
    this.dialog.addEventListener('cancel', (event) => {
      event.preventDefault();
      this.finish({ code: 'declined' });
    });
  }

  get isOpen(): boolean {
    return this.dialog.open;
  }

  /** Show an intent and wait for the passkey or a no. */
  async ask(ask: ConfirmAsk, rpId: string): Promise<Outcome> {
    let intent: Intent;
    try {
      intent = await checked(ask, rpId);
    } catch (error) {
      if (error instanceof IntentRefused) return { code: error.code };
      throw error;
    }
    this.finish({ code: 'replaced' });
    return new Promise((resolve) => {
      this.settle = resolve;
      this.draw(ask, intent);
      this.dialog.showModal();
      this.dialog.querySelector<HTMLButtonElement>('.bx-secondary')?.focus();
    });
  }

  /** Close without an answer of the person's, as when the payment expired. */
  dismiss(code: string): void {
    this.finish({ code });
  }

  private draw(ask: ConfirmAsk, intent: Intent): void {
    const left = h('p', { class: 'bx-quiet', role: 'timer' });
    const approve = h('button', { class: 'bx-primary', type: 'button' }, 'Pay with passkey');
    const decline = h(
      'button',
      { class: 'bx-secondary', type: 'button', onclick: () => this.finish({ code: 'declined' }) },
      'Decline',
    );
    approve.addEventListener('click', () => {
      approve.disabled = true;
      approve.textContent = 'Waiting for your passkey…';
      this.abort = new AbortController();
      void sign(ask, this.abort.signal).then((outcome) => this.finish(outcome));
    });
    this.dialog.replaceChildren(
      h('p', { class: 'bx-eyebrow' }, 'Your bank asks you to confirm'),
      h('h2', { id: 'bx-confirm-title', class: 'bx-amount' }, spoken(intent.amount, intent.currency)),
      h('dl', { class: 'bx-rows' }, ...rowsOf(intent).filter(([name]) => name !== 'Amount')
        .flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, value)])),
      left,
      h('div', { class: 'bx-buttons' }, decline, approve),
    );
    // Counted from when it came: this machine's clock may be wrong, and the branch decides anyway.
    const endsAt = performance.now() + LIFETIME_MS;
    const tick = (): void => {
      const seconds = Math.max(0, Math.round((endsAt - performance.now()) / 1000));
      left.textContent = seconds > 0 ? `Valid for ${seconds} s` : 'No longer valid';
      if (seconds === 0) this.finish({ code: 'approval_expired' });
    };
    tick();
    this.timer = window.setInterval(tick, 1000);
  }

  private finish(outcome: Outcome): void {
    clearInterval(this.timer);
    this.abort?.abort();
    this.abort = null;
    if (this.dialog.open) this.dialog.close();
    const settle = this.settle;
    this.settle = null;
    settle?.(outcome);
  }
}

/** The tail of an account is enough to tell one from another, and no more than that is shown. */
export function shortAccount(account: string): string {
  return account.length > 6 ? `…${account.slice(-4)}` : account;
}
