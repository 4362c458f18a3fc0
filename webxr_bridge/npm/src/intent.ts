/**
 * The page's own check of what it is asked to sign. The canonical text comes from the branch
 * through Python; the challenge is computed here from the very bytes that are shown, and signing
 * is refused when it is not the challenge that the authenticator would be handed.
 *
 * This proves which text was signed. It does not prove that the screen showed it: a page under
 * another's control can show one thing and sign another, so the branch keeps its own limits.
 */

import { isPayable } from './currencies';
import { isDeceptive } from './deceptive';

/** Domain separation of payment challenges: the same bytes as in `branchxr.protocol.intent`. */
const DOMAIN = 'branchxr/sca/v1\0';

const FIELDS = [
  'typ', 'id', 'op', 'rp', 'user', 'sid', 'debtor', 'creditor', 'amount', 'currency',
  'reference', 'nonce', 'iat', 'exp',
] as const;

export interface Intent {
  readonly id: string;
  readonly rp: string;
  readonly debtor: string;
  readonly creditorAccount: string;
  readonly creditorName: string;
  readonly amount: string;
  readonly currency: string;
  readonly reference: string;
}

export class IntentRefused extends Error {
  constructor(readonly code: string) {
    super(`expected an intent that may be signed; got ${code}; nothing was signed`);
  }
}

/** Return SHA-256 over the domain and the canonical bytes, 32 bytes. */
export async function challengeOf(canonical: Uint8Array): Promise<Uint8Array> {
  const domain = new TextEncoder().encode(DOMAIN);
  const bytes = new Uint8Array(domain.length + canonical.length);
  bytes.set(domain);
  bytes.set(canonical, domain.length);
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
}

/** Serialise as RFC 8785; enough for intents: objects, strings and whole numbers. */
export function canonicalize(value: unknown): string {
  if (value === null || typeof value === 'boolean') return JSON.stringify(value);
  if (typeof value === 'string') return quoted(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new IntentRefused('intent_malformed');
    return JSON.stringify(value); // RFC 8785 section 3.2.2.3 is ECMAScript's own form
  }
  if (Array.isArray(value)) return `[${value.map(canonicalize).join(',')}]`;
  if (typeof value !== 'object') throw new IntentRefused('intent_malformed');
  // RFC 8785 section 3.2.3: sorted by UTF-16 code units, as JavaScript compares strings.
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([k, v]) => `${quoted(k)}:${canonicalize(v)}`).join(',')}}`;
}

const MAX_BYTES = 4096;
const MAX_TEXT_CHARACTERS = 140;
const IDENTIFIER = /^[A-Za-z0-9._:-]{1,64}$/;
const LIFETIME_S = 120;

function quoted(text: string): string {
  // RFC 8785 section 3.2.2.2: a lone surrogate is no text.
  if (/\p{Cs}/u.test(text)) throw new IntentRefused('json_not_canonical');
  return JSON.stringify(text);
}

/**
 * Read a canonical intent strictly.
 *
 * Throws `IntentRefused` when the text is not canonical (which also excludes duplicate keys), has
 * other fields than an intent has, or holds characters that could deceive a reader.
 */
export function parseIntent(canonical: string): Intent {
  if (new TextEncoder().encode(canonical).length > MAX_BYTES) {
    throw new IntentRefused('intent_malformed');
  }
  let value: unknown;
  try {
    value = JSON.parse(canonical);
  } catch {
    throw new IntentRefused('json_malformed');
  }
  if (!isRecord(value) || canonicalize(value) !== canonical) {
    throw new IntentRefused('intent_not_canonical');
  }
  const names = Object.keys(value);
  if (names.length !== FIELDS.length || !FIELDS.every((name) => names.includes(name))) {
    throw new IntentRefused('intent_malformed');
  }
  const creditor = value['creditor'];
  if (!isRecord(creditor) || Object.keys(creditor).sort().join() !== 'account,name') {
    throw new IntentRefused('intent_malformed');
  }
  if (value['typ'] !== 'branchxr.intent/1' || value['op'] !== 'payment') {
    throw new IntentRefused('intent_malformed');
  }
  const [amount, currency] = [plain(value['amount']), plain(value['currency'])];
  if (!isPayable(amount, currency)) throw new IntentRefused('intent_amount_refused');
  // 32 bytes are 43 characters, of which the last carries four bits: RFC 4648 section 3.5.
  if (!/^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/.test(plain(value['nonce']))) {
    throw new IntentRefused('intent_malformed');
  }
  const creditorName = readable(creditor['name']);
  if (!creditorName.trim()) throw new IntentRefused('intent_text_refused');
  if (wholeNumber(value['exp']) !== wholeNumber(value['iat']) + LIFETIME_S) {
    throw new IntentRefused('intent_lifetime_refused');
  }
  for (const name of ['user', 'sid']) identifier(value[name]);
  return {
    id: identifier(value['id']),
    rp: identifier(value['rp']),
    debtor: identifier(value['debtor']),
    creditorAccount: identifier(creditor['account']),
    creditorName,
    amount,
    currency,
    reference: readable(value['reference']),
  };
}

/** Refuse unless the WebAuthn options ask to sign exactly this text. */
export async function requireSameChallenge(canonical: string, challenge: unknown): Promise<void> {
  const expected = base64url(await challengeOf(new TextEncoder().encode(canonical)));
  if (challenge !== expected) throw new IntentRefused('challenge_mismatch');
}

export function base64url(bytes: Uint8Array): string {
  const binary = String.fromCharCode(...bytes);
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function plain(value: unknown): string {
  if (typeof value !== 'string') throw new IntentRefused('intent_malformed');
  return value;
}

function readable(value: unknown): string {
  const text = plain(value);
  if (isDeceptive(text, MAX_TEXT_CHARACTERS)) throw new IntentRefused('intent_text_refused');
  return text;
}

function identifier(value: unknown): string {
  if (typeof value !== 'string' || !IDENTIFIER.test(value)) {
    throw new IntentRefused('intent_malformed');
  }
  return value;
}

function wholeNumber(value: unknown): number {
  if (!Number.isSafeInteger(value)) throw new IntentRefused('intent_malformed');
  return value as number;
}
