/** What stands around the picture: who one is, where one can go, who is here, and notices. */

import { spoken } from './currencies';
import { fill, h } from './dom';
import type { Account, Participant, You } from './messages';
import type { Anchor } from './package';
import { roleColour, roleLabel } from './tags';

const NOTICE_MS = 9_000;
const NOTICES_MAX = 4;

export interface HudActions {
  signIn(): void;
  signOut(): void;
  go(anchor: Anchor): void;
}

export class Hud {
  readonly top = h('header', { class: 'bx-top' });
  readonly side = h('aside', { class: 'bx-side', 'aria-label': 'Places and people' });
  readonly notices = h('div', { class: 'bx-notices', role: 'status', 'aria-live': 'polite' });
  readonly lost = h('div', { class: 'bx-lost', role: 'alert', hidden: true });
  readonly help = h('p', { class: 'bx-help' });
  private readonly title = h('strong', { class: 'bx-title' }, 'Branch');
  private readonly banner = h('span', { class: 'bx-banner', hidden: true }, 'Embedded branch, fake money');
  private readonly account = h('div', { class: 'bx-account bx-card' });
  private readonly tools = h('div', { class: 'bx-tools' });
  private readonly places = h('ul', { class: 'bx-list' });
  private readonly placesCard = section('Places', this.places, !isNarrow());
  private readonly people = h('ul', { class: 'bx-list' });
  private readonly count = h('span', { class: 'bx-count' }, '0');
  private you: You | null = null;
  private accounts: Account[] = [];
  private isBusy = false;

  constructor(private readonly actions: HudActions) {
    this.top.append(
      h('div', { class: 'bx-brand bx-card' }, h('span', { class: 'bx-mark', 'aria-hidden': 'true' }),
        h('div', {}, this.title, this.banner)),
      h('div', { class: 'bx-corner' }, this.account, this.tools),
    );
    this.side.append(
      this.placesCard,
      section('People', this.people, false, this.count),
    );
    fill(this.help, 'Walk with ', key('W'), key('A'), key('S'), key('D'), ' or the arrow keys, drag to look about');
    this.drawAccount();
  }

  /** Add a button beside the account, such as the headset's. */
  addTool(button: HTMLElement): void {
    this.tools.append(button);
  }

  describe(branch: string, isDevelopment: boolean): void {
    this.title.textContent = branch;
    this.banner.hidden = !isDevelopment;
    document.title = branch;
  }

  setYou(you: You): void {
    this.you = you;
    if (!you.is_signed_in) this.accounts = [];
    this.drawAccount();
  }

  setAccounts(accounts: Account[]): void {
    this.accounts = accounts;
    this.drawAccount();
  }

  setBusy(isBusy: boolean): void {
    this.isBusy = isBusy;
    this.drawAccount();
  }

  setPlaces(anchors: readonly Anchor[]): void {
    fill(this.places, ...anchors.map((anchor) => h('li', {},
      h('button', { type: 'button', class: 'bx-row', onclick: () => this.go(anchor) },
        h('span', {}, placeName(anchor)), h('span', { class: 'bx-go', 'aria-hidden': 'true' }, '→')))));
  }

  setPeople(people: readonly Participant[]): void {
    this.count.textContent = String(people.length);
    const sorted = [...people].sort((a, b) => a.name.localeCompare(b.name));
    fill(this.people, ...sorted.map((person) => {
      const badge = h('span', { class: 'bx-badge' }, roleLabel(person.role));
      badge.style.setProperty('--role', roleColour(person.role));
      const name = person.id === this.you?.participant ? `${person.name} (you)` : person.name;
      return h('li', { class: 'bx-row bx-person' }, h('span', {}, name), badge);
    }));
  }

  notice(level: 'info' | 'error', title: string, text: string): void {
    const close = h('button', { class: 'bx-close', type: 'button', 'aria-label': 'Dismiss' }, '×');
    const card = h('div', { class: `bx-notice bx-card bx-${level}` },
      h('div', {}, h('strong', {}, title), ...(text ? [h('p', {}, text)] : [])), close);
    close.addEventListener('click', () => card.remove());
    this.notices.append(card);
    while (this.notices.childElementCount > NOTICES_MAX) this.notices.firstElementChild?.remove();
    if (level === 'info') setTimeout(() => card.remove(), NOTICE_MS);
  }

  /** Show that the connection is gone, or hide the sign. */
  setLost(text: string | null, action?: HTMLElement): void {
    this.lost.hidden = text === null;
    if (text === null) return;
    fill(this.lost, ...(action ? [] : [h('span', { class: 'bx-spinner', 'aria-hidden': 'true' })]),
      h('span', {}, text), ...(action ? [action] : []));
  }

  hideHelp(): void {
    this.help.classList.add('bx-gone');
  }

  private go(anchor: Anchor): void {
    if (isNarrow()) this.placesCard.removeAttribute('open'); // the way there is what one wants to see
    this.actions.go(anchor);
  }

  private drawAccount(): void {
    const { you } = this;
    const badge = h('span', { class: 'bx-badge' }, roleLabel(you?.role ?? 'guest'));
    badge.style.setProperty('--role', roleColour(you?.role ?? 'guest'));
    const who = h('div', { class: 'bx-who' },
      h('span', { class: 'bx-name' }, you?.name || 'Coming in…'), badge);
    const balances = this.accounts.map((account) => h('div', { class: 'bx-balance' },
      h('span', { class: 'bx-quiet' }, account.name === you?.name ? 'Balance' : account.name),
      h('strong', {}, spoken(account.balance, account.currency))));
    const action = you?.is_signed_in
      ? h('button', { class: 'bx-secondary', type: 'button', onclick: this.actions.signOut }, 'Sign out')
      : h('button', { class: 'bx-primary', type: 'button', onclick: this.actions.signIn }, 'Sign in');
    action.disabled = this.isBusy || !you?.participant;
    const hadFocus = this.account.contains(document.activeElement);
    fill(this.account, h('div', { class: 'bx-identity' }, who, ...balances), action);
    if (hadFocus) action.focus(); // a balance may change at any time
  }
}

/** How a place is called: its kind, what distinguishes it, and what it is for. */
export function placeName(anchor: Anchor): string {
  const own = anchor['label'] ?? anchor['title'];
  if (typeof own === 'string') return own;
  const kind = KINDS[anchor.kind] ?? anchor.kind;
  const number = /(\d+)\D*$/.exec(anchor.path)?.[1];
  const about = anchor['service'] ?? anchor['panel'];
  const which = typeof anchor['desk'] === 'number' ? ` ${anchor['desk']}` : number ? ` ${Number(number)}` : '';
  return `${kind}${which}${typeof about === 'string' ? `, ${SERVICES[about] ?? about}` : ''}`;
}

const SERVICES: Record<string, string> = {
  teller: 'payments', kyc: 'identity', loans: 'loans', welcome: 'welcome',
};

const KINDS: Record<string, string> = {
  counter: 'Counter', atm: 'Cash machine', panel: 'Information panel', seat: 'Seat',
  queue: 'Queue', spawn: 'Entrance',
};

function section(title: string, list: HTMLElement, isOpen: boolean, count?: HTMLElement): HTMLElement {
  return h('details', { class: 'bx-card bx-section', open: isOpen },
    h('summary', {}, title, ...(count ? [count] : [])), list);
}

function isNarrow(): boolean {
  return window.innerWidth <= 640;
}

function key(name: string): HTMLElement {
  return h('kbd', {}, name);
}
